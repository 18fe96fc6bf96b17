"""Small, valid records for tests: every field has a value, those under test are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from nntracker_ray.records import (
    Adaptation,
    Batch,
    Capture,
    CaptureSpec,
    Configuration,
    DatasetRef,
    Lease,
    LogLine,
    MetricArray,
    MetricPoint,
    NamedConf,
    Record,
    RunFact,
    RunSpec,
    SplitSpec,
    WeightArray,
)
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import claim_next_run, ensure_local_account, submit_experiment
from tests.sample_runs import sample_spec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONFIGURATION = Configuration(NamedConf("Adam", {"epsilon": 1e-7}), NamedConf("MeanSquaredError"), 0.001)


def run_spec(**given: Any) -> RunSpec:
    """A run of its own experiment, with parameters, columns and a tag to be kept."""
    values = {
        "run_id": uuid4(),
        "experiment_id": uuid4(),
        "name": "FileSim",
        "configuration": CONFIGURATION,
        "split": SplitSpec("hold-out", 1, 7),
        "total_epochs": 10,
        "train": DatasetRef("cd" * 32, "digits.npz", "x", "y"),
        "capture": CaptureSpec(epoch_period=2),
        "tags": ("baseline",),
    }
    return sample_spec(**{**values, **given})


def specs(count: int, **given: Any) -> list[RunSpec]:
    """Runs of one experiment, in grid order."""
    experiment_id = given.pop("experiment_id", uuid4())
    names = {"experiment_id": experiment_id, **given}
    return [
        run_spec(name=f"FileSim (LR{i + 1})", position=i, configuration_index=i, **names)
        for i in range(count)
    ]


def submit(database: Database, runs: list[RunSpec], **given: Any) -> UUID:
    """Queue the runs as one experiment of the local owner. Returns the owner."""
    with database.connection() as connection:
        owner_id = given.pop("owner_id", None) or ensure_local_account(connection)
        values = {"name": "FileSim", "config": {"name": "FileSim"}, **given}
        submit_experiment(
            connection, owner_id=owner_id, experiment_id=runs[0].experiment_id, runs=runs, **values
        )
    return owner_id


def claim(database: Database, *, free_cpu: float = 8.0, free_gpu: float = 0.0) -> Lease | None:
    with database.connection() as connection:
        return claim_next_run(connection, manager_id=uuid4(), free_cpu=free_cpu, free_gpu=free_gpu)


def started_run(database: Database, **given: Any) -> tuple[UUID, Lease]:
    """A submitted and claimed run: its owner and lease."""
    owner_id = submit(database, [run_spec(**given)])
    lease = claim(database)
    assert lease is not None
    return owner_id, lease


def point(metric: str = "loss", epoch: int = 0, value: float = 0.5, **given: Any) -> MetricPoint:
    at = {"step": (epoch + 1) * 10, "measured_at": NOON + timedelta(seconds=epoch), **given}
    return MetricPoint(metric=metric, epoch=epoch, value=value, **at)


def capture(epoch: int, *arrays: np.ndarray, layer: str = "dense", **given: Any) -> Capture:
    """A capture of arrays, named kernel, bias and then by number."""
    names = ["kernel", "bias", *(f"tensor_{i}" for i in range(2, len(arrays)))]
    held = tuple(WeightArray(0, layer, name, array) for name, array in zip(names, arrays, strict=False))
    at = {"step": (epoch + 1) * 10, "measured_at": NOON + timedelta(seconds=epoch), **given}
    return Capture(epoch=epoch, arrays=held, **at)


def looked(epoch: int = 0, values: Any = (1, 2, 3), **given: Any) -> MetricArray:
    """A histogram of a kernel, or without edges an array."""
    counts = np.asarray(values)
    at = {
        "metric": "weights/histogram",
        "step": (epoch + 1) * 10,
        "edges": np.linspace(0.0, 1.0, counts.size + 1),
        "measured_at": NOON + timedelta(seconds=epoch),
        "layer": "dense",
        "tensor": "kernel",
        **given,
    }
    return MetricArray(epoch=epoch, values=counts, **at)


def batch(lease: Lease, *records: Record, attempt: int | None = None) -> Batch:
    return Batch(lease.run_no, attempt or lease.attempt, records)


def one_of_each() -> tuple[Record, ...]:
    """A record of every kind that a run reports."""
    return (
        point(),
        looked(),
        capture(0, np.ones((2, 2), np.float32)),
        RunFact("environment", {"keras": "3"}),
        Adaptation("learning_rate", 1, 20, 0.1, 0.05, "step: x 0.5 every epoch", NOON),
        LogLine(0, "stdout", "", "hello", NOON),
    )
