"""Who has made an archive, when, with what; what was there beside it; and what could not be brought along."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from nntracker_ray import __version__
from nntracker_ray.archive.choice import Choice
from nntracker_ray.checkpoints.info import CheckpointInfo, infos_as_fact
from nntracker_ray.records import JsonValue
from nntracker_ray.storage.archive_queries import ArchivedRun

_PACKAGES: Final = ("keras", "tensorflow", "numpy", "ray", "pyarrow")


class Provenance:
    """Filled in while the archive is written."""

    def __init__(self, choice: Choice, *, by: str, made_at: datetime) -> None:
        self._about = {"made_at": made_at.isoformat(), "by": by, "versions": _versions()}
        self._experiments = {str(one.experiment_id): {"owner": one.owner} for one in choice.experiments}
        self._runs: dict[str, dict[str, Any]] = {str(run.run_id): _origin(run) for run in choice.runs}
        self._missing: list[dict[str, str]] = []

    def note_run(
        self, run: ArchivedRun, checkpoints: Sequence[CheckpointInfo], imported_from: JsonValue
    ) -> None:
        """Which checkpoints the run had, and where it was imported from (None: it was trained here)."""
        self._runs[str(run.run_id)] |= {
            "checkpoints": infos_as_fact(checkpoints),
            "imported_from": imported_from,
        }

    def note_missing(self, path: str, why: str) -> None:
        """A file that should be here and is not."""
        self._missing.append({"path": path, "why": why})

    def as_json(self) -> bytes:
        """The file."""
        about = {
            **self._about,
            "experiments": self._experiments,
            "runs": self._runs,
            "missing": self._missing,
        }
        return json.dumps(about, indent=1).encode() + b"\n"


def _origin(run: ArchivedRun) -> dict[str, Any]:
    spec = json.loads(run.spec)
    return {"number": run.run_no, "went_on_from": spec.get("origin")}


def _versions() -> dict[str, str]:
    found = {"nntracker": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
