"""Where things lie in an archive, and what its manifest says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from nntracker_ray.moments import Moment

FORMAT: Final = "nntracker archive"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
PROVENANCE: Final = "provenance.json"
REPORT: Final = "report.html"
# Of the same data these may differ: they say when and where the archive was made, or are for reading alone.
_OF_THE_MOMENT: Final = (MANIFEST, PROVENANCE, REPORT)
_FOR_READERS: Final = (".parquet", ".ckpt")
_BY_DIGEST: Final = "models/"  # the specifications name them
# Facts that an import does not bring: of files that stay behind, and of an earlier import.
CHECKPOINTS_FACT: Final = "checkpoints"
IMPORTED_FACT: Final = "imported_from"
LEFT_OUT_FACTS: Final = (CHECKPOINTS_FACT, IMPORTED_FACT)

METRIC_COLUMNS: Final = ("metric", "layer", "tensor", "epoch", "step", "value", "time", "attempt")


class Member(BaseModel):
    """One file of the archive."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(max_length=300)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """Everything that is in an archive, and nothing else is."""

    model_config = ConfigDict(extra="forbid")

    format: str
    version: int
    made_at: Moment
    experiments: tuple[UUID, ...] = Field(max_length=100_000)
    runs: tuple[UUID, ...] = Field(max_length=1_000_000)
    members: tuple[Member, ...] = Field(max_length=2_000_000)

    @property
    def content_digest(self) -> str:
        """SHA-256 over what an import would bring, hex: equal for archives of the same data."""
        return content_digest(self.members)


def content_digest(members: Iterable[Member]) -> str:
    """See `Manifest.content_digest`."""
    kept = sorted((one.path, one.sha256) for one in members if is_content(one.path))
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()


def is_content(path: str) -> bool:
    """Whether a member is part of what is imported, and so the same in every archive of the same data."""
    return path not in _OF_THE_MOMENT and not path.endswith(_FOR_READERS) and not path.startswith(_BY_DIGEST)


def experiment_member(experiment_id: UUID, name: str) -> str:
    """Path of a file of an experiment."""
    return f"experiments/{experiment_id}/{name}"


def model_member(digest: str) -> str:
    """Path of a model."""
    return f"models/{digest}.json"


def run_member(run_id: UUID, name: str) -> str:
    """Path of a file of a run."""
    return f"runs/{run_id}/{name}"


def capture_name(epoch: int) -> str:
    """Name of the file with the arrays of one epoch, 0-based."""
    return f"captures/epoch-{epoch:06}.npz"


def metric_arrays_name(epoch: int) -> str:
    """Name of the file with the histograms and other arrays of one epoch, 0-based."""
    return f"metric-arrays/epoch-{epoch:06}.npz"
