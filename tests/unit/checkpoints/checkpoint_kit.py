"""Small checkpoints of a run that nobody trained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import CheckpointInfo, kind_of
from nntracker_ray.home import Home
from nntracker_ray.records import CheckpointPolicy, RunSpec
from nntracker_ray.training.checkpoint import Checkpoint, Place, epoch_digest, spec_digest, write_checkpoint
from tests.sample_runs import sample_spec

SPEC = sample_spec()
KERNEL, BIAS = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)


def folder_in(home: Path, policy: CheckpointPolicy | None = None, run: int = 1) -> CheckpointFolder:
    return CheckpointFolder(Home(home), UUID(int=run), policy or CheckpointPolicy())


def checkpoint(steps: int = 10, *, batches: int = 0, spec: RunSpec = SPEC, **changes: Any) -> Checkpoint:
    place = Place(epochs_done=steps // 10, batches_done=batches, steps_done=steps)
    made = Checkpoint(
        run_id=spec.run_id,
        spec_digest=spec_digest(spec),
        place=place,
        arrays={"model/0": KERNEL, "model/1": BIAS, "optimizer/0": np.array(steps, np.int64)},
        callbacks={"monitored": {"metric": "val_loss", "value": 1.0 / max(1, steps)}},
        weights=((0, "dense", "kernel", "model/0"), (0, "dense", "bias", "model/1")),
        epoch_digest=epoch_digest(spec),
        created_at=datetime(2026, 1, 2, tzinfo=UTC).isoformat(),
    )
    return replace(made, **changes)


def write(folder: CheckpointFolder, name: str, steps: int = 10, **more: Any) -> Path:
    path = folder.path(name)
    write_checkpoint(path, checkpoint(steps, **more))
    return path


def info(name: str, steps: int, size: int = 100) -> CheckpointInfo:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    return CheckpointInfo(name, kind_of(name), steps // 10, 0, steps, size, "val_loss", 0.5, when)
