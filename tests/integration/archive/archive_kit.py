"""Runs with everything that an archive must carry, archives of them, and what is in those."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import ml_dtypes
import numpy as np

from nntracker_ray.archive.choice import chosen_runs
from nntracker_ray.archive.importing import Imported, Importer, import_archive
from nntracker_ray.archive.layout import MANIFEST, Manifest, is_content
from nntracker_ray.archive.writer import ArchiveWriter
from nntracker_ray.commands import Selection
from nntracker_ray.home import Home
from nntracker_ray.records import (
    Adaptation,
    Batch,
    Capture,
    DatasetRef,
    Lease,
    LogLine,
    MetricArray,
    MetricPoint,
    Progress,
    RunFact,
    RunSpec,
    RunState,
    SplitSpec,
    WeightArray,
)
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.sample_runs import sample_spec

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
STEPS = 10  # in an epoch
ODD_NUMBERS = [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 0.1]


def nan_with(bits: int) -> float:
    """A NaN of these bits."""
    value: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
    return value


def some_specs(count: int = 2, **given: Any) -> list[RunSpec]:
    """Runs of one new experiment, each on a fold of its own."""
    experiment_id = uuid4()
    return [
        sample_spec(
            run_id=uuid4(),
            experiment_id=experiment_id,
            name=f"digits <b>({fold + 1})</b>",
            position=fold,
            fold=fold,
            split=SplitSpec("k-fold", count, 7),
            train=DatasetRef("cd" * 32, "digits.npz", "x", "y"),
            tags=("night & day",),
            **given,
        )
        for fold in range(count)
    ]


def submit(database: Database, specs: Sequence[RunSpec], owner_id: UUID | None = None) -> UUID:
    """Queue them; returns the owner, the local account unless another is given."""
    folds = {spec.fold: (np.arange(8), np.arange(8, 10)) for spec in specs if spec.fold is not None}
    with database.connection() as conn:
        owner_id = owner_id or writes.ensure_local_account(conn)
        writes.submit_experiment(
            conn,
            owner_id=owner_id,
            experiment_id=specs[0].experiment_id,
            name="digits & friends",
            config={"name": "digits & friends", "zero": -0.0, "big": 1e22},
            runs=specs,
            folds=folds,
        )
    return owner_id


def claim(database: Database) -> Lease:
    """The next run, at work."""
    with database.connection() as conn:
        lease = writes.claim_next_run(conn, manager_id=uuid4(), free_cpu=64, free_gpu=0)
        assert lease is not None
        running = RunState.RUNNING
        writes.change_state(conn, run_id=lease.run_id, state=running, by="trainer", attempt=lease.attempt)
    return lease


def train(database: Database, lease: Lease, epochs: range, *, more: Sequence[Any] = ()) -> None:
    """Some epochs with odd numbers, captures of several kinds, lines and changes."""
    records: list[Any] = [RunFact("environment", {"keras": "3", "loss": float("nan")}), *more]
    for epoch in epochs:
        at, step = NOON + timedelta(seconds=epoch, microseconds=epoch), (epoch + 1) * STEPS
        value = ODD_NUMBERS[epoch % len(ODD_NUMBERS)]
        records += [
            MetricPoint("loss", epoch, step, value, at),
            MetricPoint("val_loss", epoch, step, nan_with(0xFFF8000000000ABC), at),
            MetricPoint("accuracy", epoch, step, 0.5 + epoch / 100, at),
            MetricPoint("norm", epoch, step, value, at, layer='dense,\n"4"', tensor="kernel"),
            *looks(epoch, step, at),
            Capture(epoch, step, arrays(epoch), at),
            LogLine(epoch, "stdout", "", f"epoch {epoch}: <script>alert(1)</script> \u2028 ü", at),
            Adaptation("learning_rate", epoch, step, 0.1, 0.1 / (epoch + 1), "step", at),
        ]
    records.append(Progress(epochs.stop, epochs.stop * STEPS, NOON))
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(records))])


def looks(epoch: int, step: int, at: datetime) -> tuple[MetricArray, ...]:
    """Histograms and others, of layers of odd names; one that is not there at every epoch."""
    edges = np.array([float("-inf"), -0.0, 5e-324, nan_with(0x7FF8000000000123)])
    counts = np.array([epoch, 2**60, 0])
    kernel = {"layer": "dense", "tensor": "kernel"}
    return (
        MetricArray("weights/histogram", epoch, step - 1, counts, edges, at, **kernel),
        MetricArray("weights/histogram", epoch, step, counts + 1, edges, at, **kernel),
        # Without care these two would have one name in a file.
        MetricArray("a/b", epoch, step, np.array(epoch, np.int8), None, at, layer="c"),
        MetricArray("a", epoch, step, np.array([True]), None, at, layer="b/c\n%2F"),
        *(
            MetricArray("activations/svcca", n, step, np.ones((2, n), ml_dtypes.bfloat16), None, at)
            for n in [epoch]
            if n % 2
        ),
    )


def arrays(epoch: int) -> tuple[WeightArray, ...]:
    """Weights of several kinds and shapes."""
    rng = np.random.default_rng(epoch)
    return (
        WeightArray(0, "dense", "kernel", rng.normal(size=(3, 4)).astype(np.float32)),
        WeightArray(0, "dense", "bias", np.array([nan_with(0x7FF8000000000123), 1.0])),
        WeightArray(1, "half", "kernel", rng.normal(size=5).astype(ml_dtypes.bfloat16)),
        WeightArray(2, "count", "seed", np.array(epoch, np.uint32)),
        WeightArray(3, "empty", "kernel", np.empty((0, 3), np.float16)),
    )


def end(database: Database, lease: Lease, state: RunState, error: str | None = None) -> None:
    """How the run ended."""
    with database.connection() as conn:
        writes.change_state(
            conn, run_id=lease.run_id, state=state, by="trainer", attempt=lease.attempt, error=error
        )


def trained_experiment(database: Database) -> tuple[UUID, list[RunSpec]]:
    """Two runs: one finished, one failed. Returns the owner and the specifications."""
    specs = some_specs()
    owner_id = submit(database, specs)
    first, second = claim(database), claim(database)
    train(database, first, range(4))
    end(database, first, RunState.FINISHED)
    train(database, second, range(2))
    end(database, second, RunState.FAILED, "ValueError: <b>no</b>")
    return owner_id, specs


def archive(database: Database, home: Home, path: Path, *, viewer_id: UUID, run_ids: Sequence[UUID]) -> Path:
    """Write an archive of these runs to a file."""
    choice = chosen_runs(database, viewer_id=viewer_id, selection=Selection(run_ids=tuple(run_ids)))
    writer = ArchiveWriter(database, home, choice, by="ada", made_at=datetime.now(UTC))
    path.write_bytes(b"".join(writer.stream()))
    return path


def bring_in(database: Database, home: Home, path: Path) -> Imported:
    """Import an archive for the local account."""
    with database.connection() as conn:
        user_id = writes.ensure_local_account(conn)
    return import_archive(database, home, path, importer=Importer(user_id, "local"))


def local_account(database: Database) -> UUID:
    """The account of the machine's owner."""
    with database.connection() as conn:
        return writes.ensure_local_account(conn)


def contents(path: Path) -> dict[str, bytes]:
    """What an import would bring, by member."""
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist() if is_content(name)}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with its members changed and the manifest made to fit, as an attacker would."""
    with zipfile.ZipFile(path) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    change(members)
    manifest["members"] = [described(name, content) for name, content in members.items()]
    target = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
        out.writestr(MANIFEST, json.dumps(manifest))
    return target


def described(name: str, content: bytes) -> dict[str, Any]:
    """A member as the manifest has it."""
    return {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def manifest_of(path: Path) -> Manifest:
    """What an archive says of itself."""
    with zipfile.ZipFile(path) as opened:
        return Manifest.model_validate_json(opened.read(MANIFEST))


def ids(specs: Sequence[RunSpec]) -> list[UUID]:
    """Of their runs."""
    return [spec.run_id for spec in specs]


def checkpoint_fact(database: Database, run_no: int, epochs: int) -> None:
    """Say of a run that it keeps a checkpoint after so many epochs."""
    place = {"epochs_done": epochs, "batches_done": 0, "steps_done": epochs * STEPS}
    kept = {"name": f"epoch-{epochs - 1:04}", "kind": "epoch", **place, "bytes": 1, "metric": None}
    info = {**kept, "value": None, "created_at": NOON.isoformat()}
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(run_no, 1, (RunFact("checkpoints", [info]),))])
