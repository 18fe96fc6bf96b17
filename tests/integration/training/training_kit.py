"""A small real training for the tests: handwritten digits, dropout, batch normalisation, Adam."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.home import Home
from nntracker_ray.records import (
    Adaptation,
    Capture,
    MetricPoint,
    Record,
    RunFact,
    RunSpec,
)
from nntracker_ray.sinks import MemorySink, RecordSink
from nntracker_ray.training.checkpoint import Checkpoint, read_checkpoint
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.fit import Trainer, TrainerStatus
from nntracker_ray.training.process import configure_process
from nntracker_ray.training.schedule import CheckpointSchedule
from tests.sample_runs import sample_spec

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
BATCH_SIZE, ROWS = sample_spec().batch_size, 500  # 16 batches an epoch, the last one of 20 rows
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OF_THE_ATTEMPT = ("environment", "checkpoint", "began_at_step_")  # facts that an interruption may change
TIMES = ("epoch_time", "elapsed_time")


def folder_of(spec: RunSpec, root: Path) -> CheckpointFolder:
    """Where the checkpoints of a run lie in a data folder."""
    return CheckpointFolder(Home(root), spec.run_id, spec.checkpoints)


def every_epoch() -> CheckpointSchedule:
    """Checkpoints at each epoch, whatever they cost, so that every kill finds one."""
    return CheckpointSchedule(1, share=1.0)


def digits(rows: int = ROWS) -> TrainingData:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x, y = (x / 16).astype(np.float32), y.astype(np.int64)
    last = rows + 200
    return TrainingData(
        x[:rows], y[:rows], x[rows:last], y[rows:last], x[last:], y[last:], {"scaling": "none"}
    )


def model_json(output: str = "softmax", **last: Any) -> str:
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(16, "relu", name="hidden"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(10, output, name="scores", **last),
        ],
        name="digits",
    )
    return str(model.to_json())


@dataclass
class Training:
    """What a training left behind."""

    status: TrainerStatus
    records: list[Record]
    checkpoint: Checkpoint | None


def train(
    spec: RunSpec,
    folder: Path,
    *,
    mailbox: Mailbox | None = None,
    sink: RecordSink | None = None,
    data: TrainingData | None = None,
    model: str | None = None,
    schedule: CheckpointSchedule | None = None,
    checkpoints: CheckpointFolder | None = None,
) -> Training:
    """Make one attempt and wait for its end."""
    configure_process(1)
    sink = sink or MemorySink()
    checkpoints = checkpoints or folder_of(spec, folder)
    trainer = Trainer(
        spec,
        data=data or digits(),
        model_json=model or model_json(),
        sink=sink,
        checkpoints=checkpoints,
        mailbox=mailbox or Mailbox(),
        schedule=schedule or every_epoch(),
    )
    trainer.start()
    status = trainer.wait(120.0)
    assert status.outcome is not None
    return Training(
        status, getattr(sink, "records", []), read_checkpoint(checkpoints.path("last"), spec=spec)
    )


class PausingMailbox(Mailbox):
    """Asks for a pause (or stop) when it has been read so many times: at a batch that the test chooses."""

    def __init__(self, readings: int, ask: Callable[[Mailbox], None] = Mailbox.pause) -> None:
        super().__init__()
        self._left, self._ask = readings, ask

    @property
    def wish(self) -> Any:
        self._left -= 1
        if self._left < 0:
            self._ask(self)
        return super().wish


def outcome(records: Iterable[Record]) -> dict[Any, Any]:
    """What the records say in the end, bit for bit, times left out; a later word on the same thing counts."""
    return dict(said for record in records for said in _said(record))


def _said(record: Record) -> Iterator[tuple[Any, Any]]:
    if isinstance(record, MetricPoint) and record.metric not in TIMES:
        yield ("metric", record.metric, record.epoch), (record.step, np.float64(record.value).tobytes())
    if isinstance(record, Capture):
        arrays = [(a.layer_name, a.tensor, str(a.array.dtype), a.array.tobytes()) for a in record.arrays]
        yield ("capture", record.epoch), (record.step, arrays)
    if isinstance(record, Adaptation):
        yield ("adaptation", record.step), replace(record, measured_at=NOON)
    if isinstance(record, RunFact) and not record.key.startswith(OF_THE_ATTEMPT):
        yield ("fact", record.key), json.dumps(record.value, sort_keys=True)


def bits(checkpoint: Checkpoint | None) -> dict[str, bytes]:
    """Every variable of a checkpoint as bytes."""
    assert checkpoint is not None
    return {name: array.tobytes() for name, array in checkpoint.arrays.items()}


def metric_epochs(records: Iterable[Record], metric: str) -> list[int]:
    return [r.epoch for r in records if isinstance(r, MetricPoint) and r.metric == metric]


def captured_epochs(records: Iterable[Record]) -> list[int]:
    return [r.epoch for r in records if isinstance(r, Capture)]


def facts(records: Iterable[Record]) -> dict[str, Any]:
    return {r.key: r.value for r in records if isinstance(r, RunFact)}
