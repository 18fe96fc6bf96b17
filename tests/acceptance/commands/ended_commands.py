"""Commands run and how they ended; what several modules of this folder ask of them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nntracker_ray.home import Home

ROOT = Path(__file__).parents[3]
NNTRACKER = str(Path(sys.executable).parent / "nntracker")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class Terminal(io.StringIO):
    """A person who can be asked."""

    def isatty(self) -> bool:
        return True


def process(home: Home, *arguments: object, env=None, timeout=240) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    variables = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3", **(env or {})}
    command = [NNTRACKER, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env=variables, timeout=timeout, check=False, input=""
    )


def listed(run, *arguments) -> dict[int, str]:
    """State of each run by number."""
    answer = run("ls", "--json", *arguments)
    assert answer.returncode == 0, answer.stderr
    return {one["run_no"]: one["state"] for one in json.loads(answer.stdout)["runs"]}
