"""Experiments as a user would have them, written with the platform's own functions, and a web server to show them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import numpy as np
import uvicorn
from starlette.types import ASGIApp

from apps.api.app import WebSettings, build_app
from nntracker_ray.home import Home
from nntracker_ray.records import (
    Batch,
    CaptureSpec,
    Configuration,
    DatasetRef,
    Lease,
    MetricPoint,
    NamedConf,
    Progress,
    Record,
    RunFact,
    RunSpec,
    RunState,
    SplitSpec,
)
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.sample_runs import sample_spec

EPOCHS = 20


def run_specs(
    name: str,
    *,
    optimizers: Sequence[NamedConf] = (NamedConf("Adam"),),
    rates: Sequence[float] = (0.001,),
    folds: int = 0,
    tags: Sequence[str] = (),
    epochs: int = EPOCHS,
    extra: Sequence[NamedConf] = (),
) -> list[RunSpec]:
    """The runs of a small grid, named as the platform names them."""
    experiment_id = uuid5(NAMESPACE_URL, name)
    points = [
        (o, r, f) for o in range(len(optimizers)) for r in range(len(rates)) for f in range(max(1, folds))
    ]
    return [
        sample_spec(
            run_id=uuid5(experiment_id, str(position)),
            experiment_id=experiment_id,
            name=name
            + (f" (O{o + 1})" if len(optimizers) > 1 else "")
            + (f" (LR{r + 1})" if len(rates) > 1 else "")
            + (f" ({f + 1})" if folds else ""),
            position=position,
            configuration=Configuration(optimizers[o], NamedConf("SparseCategoricalCrossentropy"), rates[r]),
            configuration_index=o * len(rates) + r,
            fold=f if folds else None,
            seed=7,
            split=SplitSpec("k-fold", folds, 7) if folds else SplitSpec("hold-out", 1, 7),
            batch_size=64,
            total_epochs=epochs,
            train=DatasetRef("1" * 64, "handwritten_digits_train.npz"),
            test=DatasetRef("2" * 64, "handwritten_digits_test.npz"),
            capture=CaptureSpec(5),
            extra_metrics=tuple(extra),
            tags=tuple(tags),
        )
        for position, (o, r, f) in enumerate(points)
    ]


def submit(
    database: Database, name: str, specs: Sequence[RunSpec], *, owner_id: UUID | str | None = None
) -> UUID:
    """Submit the runs for an account, the local one unless another is given; returns it."""
    with database.connection() as conn:
        owner_id = UUID(str(owner_id)) if owner_id else writes.ensure_local_account(conn)
        writes.submit_experiment(
            conn,
            owner_id=owner_id,
            experiment_id=specs[0].experiment_id,
            name=name,
            config={"name": name},
            runs=specs,
        )
    return owner_id


def claim(database: Database) -> Lease:
    """The next run of the queue, started."""
    with database.connection() as conn:
        lease = writes.claim_next_run(conn, manager_id=uuid4(), free_cpu=4, free_gpu=0)
        assert lease is not None
        writes.change_state(
            conn, run_id=lease.run_id, state=RunState.RUNNING, by="trainer", attempt=lease.attempt
        )
    return lease


def epoch_records(
    spec: RunSpec, epoch: int, *, seed: int = 0, test: bool = False, lost: bool = False
) -> tuple[Record, ...]:
    """What a training says of one epoch: curves that rise and fall as real ones do."""
    noise = np.random.default_rng([seed, epoch]).normal(0, 0.006, 4)
    rate = spec.configuration.learning_rate or 0.001
    pace = 3.5 if rate >= 0.001 else 9.0
    skill = 0.955 - 0.05 * (seed % 3) - 0.75 * np.exp(-(epoch + 1) / pace)
    values = {
        "accuracy": skill + noise[0],
        "loss": float("nan") if lost else 1.9 * np.exp(-(epoch + 1) / pace) + 0.12 + abs(noise[1]),
        "val_accuracy": skill - 0.02 - 0.0012 * epoch + noise[2],
        "val_loss": 1.8 * np.exp(-(epoch + 1) / pace) + 0.21 + 0.006 * epoch + abs(noise[3]),
    }
    for metric in spec.extra_metrics:
        values[metric.name] = skill - 0.01 + noise[1]
        values[f"val_{metric.name}"] = skill - 0.03 + noise[3]
    if test:
        values |= {"test_accuracy": skill - 0.03, "test_loss": values["val_loss"] + 0.02}
    at = datetime.now(UTC)
    points = tuple(MetricPoint(name, epoch, 45 * (epoch + 1), float(v), at) for name, v in values.items())
    return (*points, Progress(epoch + 1, 45 * (epoch + 1), at))


def train(database: Database, lease: Lease, epochs: range, *, seed: int = 0, **kind: bool) -> None:
    """Write epochs of one run, as the writer actor does."""
    last = lease.spec.total_epochs - 1
    records = [
        record
        for epoch in epochs
        for record in epoch_records(lease.spec, epoch, seed=seed, test=epoch == last, **kind)
    ]
    fact = RunFact(
        "effective_learning_rate", float(np.float32(lease.spec.configuration.learning_rate or 0.001))
    )
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, (fact, *records))])


def end(database: Database, lease: Lease, state: RunState, error: str | None = None) -> None:
    """Write how the run ended."""
    with database.connection() as conn:
        writes.change_state(
            conn, run_id=lease.run_id, state=state, by="trainer", attempt=lease.attempt, error=error
        )


def finish(database: Database, *, seed: int = 0) -> Lease:
    """Train the next run of the queue to its end."""
    lease = claim(database)
    train(database, lease, range(lease.spec.total_epochs), seed=seed)
    end(database, lease, RunState.FINISHED)
    return lease


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def web_server(home: Path, dsn: str, port: int | None = None) -> Iterator[str]:
    """The whole web application under uvicorn, in a thread of this process; gives its address."""
    with served(build_app(WebSettings(Home(home), dsn)), port) as address:
        yield address


@contextlib.contextmanager
def served(app: ASGIApp, port: int | None = None) -> Iterator[str]:
    """Any application under uvicorn, in a thread of this process; gives its address."""
    # Bound here and kept: a port that was free a moment ago may be another test's by now.
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port or 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, log_level="warning", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web server")
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the web server does not start; it has said why above"
                time.sleep(0.02)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
