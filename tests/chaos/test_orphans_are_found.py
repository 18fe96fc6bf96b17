"""The chaos suite sees what a dead platform leaves behind, and an end that was none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.chaos.suite import family
from tests.chaos.suite import stage as stages
from tests.chaos.suite.faults import end_and_start_again
from tests.chaos.suite.stage import Stage, StageError, wait_for

pytestmark = pytest.mark.chaos

PLATFORM = """
import json, os, psutil, subprocess, sys
from pathlib import Path
note = {"pid": os.getpid(), "born_at": psutil.Process().create_time()}
Path(sys.argv[1]).write_text(json.dumps(note))
subprocess.run(["sh", "-c", "sleep 600 & wait"])
"""
Supervise = Callable[[], tuple[psutil.Process, psutil.Process]]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage without Ray, on which every `nntracker down` says that all is well."""
    monkeypatch.setattr(stages, "NNTRACKER", "true")
    monkeypatch.setattr(family, "LEAVE_TIMEOUT_S", 0.5)
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def supervise(stage: Stage) -> Iterator[Supervise]:
    """Start a supervisor with a child and a grandchild; returns child and grandchild."""
    started: list[psutil.Process] = []

    def start() -> tuple[psutil.Process, psutil.Process]:
        supervisor = subprocess.Popen([sys.executable, "-c", PLATFORM, str(stage.home.supervisor_file)])
        started.append(psutil.Process(supervisor.pid))
        child, grandchild = wait_for(lambda: stage.family() if len(stage.family()) == 2 else None, "two")
        started.extend([child, grandchild])
        return child, grandchild

    yield start
    for process in started:
        if process.is_running():
            process.kill()
            process.wait(10)


def test_what_lost_its_parent_before_the_end_is_found(stage: Stage, supervise: Supervise):
    """The children of a killed driver are given to another parent at once: nobody's tree leads to them any more."""
    child, grandchild = supervise()
    child.kill()
    psutil.wait_procs([child], timeout=10)

    stage.down()

    assert list(stage.left_behind.values()) == [f"{grandchild.pid} sleep"]


def test_an_end_in_the_middle_is_judged_as_well(
    stage: Stage, supervise: Supervise, monkeypatch: pytest.MonkeyPatch
):
    """What is left then may be gone when the campaign is over."""
    child, grandchild = supervise()
    child.kill()
    monkeypatch.setattr(stage, "start", lambda: None)

    end_and_start_again(stage, None)  # type: ignore[arg-type]
    grandchild.kill()
    stage.down()

    assert list(stage.left_behind.values()) == [f"{grandchild.pid} sleep"]


def test_an_end_that_fails_is_no_fault_that_struck(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It would count as one of the faults that nothing was lost in."""
    monkeypatch.setattr(stages, "NNTRACKER", "false")

    with pytest.raises(StageError, match="exit code 1"):
        end_and_start_again(stage, None)  # type: ignore[arg-type]
