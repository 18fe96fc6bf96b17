"""A database of its own for the benchmarks, and runs in it to measure on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from nntracker_ray.home import Home
from nntracker_ray.records import RunSpec
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.server import EmbeddedServer
from tests.sample_runs import sample_spec


@dataclass(frozen=True, slots=True)
class LeasedRun:
    """A run that may be written to."""

    owner_id: UUID
    run_id: UUID
    run_no: int
    attempt: int


@contextmanager
def embedded_database() -> Iterator[tuple[str, Database]]:
    """A fresh embedded PostgreSQL with the schema, gone afterwards. Yields its DSN and a Database on it."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Home(Path(folder)))
        dsn = server.start()
        database = Database(dsn, application="nntracker benchmark")
        try:
            migrate(database)
            yield dsn, database
        finally:
            database.close()
            server.destroy()


def leased_run(database: Database, *, epochs: int = 1) -> LeasedRun:
    """A new run, claimed."""
    spec = run_spec(epochs=epochs)
    with database.connection() as conn:
        owner_id = writes.ensure_local_account(conn)
        writes.submit_experiment(
            conn,
            owner_id=owner_id,
            experiment_id=spec.experiment_id,
            name="Benchmark",
            config={},
            runs=[spec],
        )
        lease = writes.claim_next_run(conn, manager_id=uuid4(), free_cpu=1.0, free_gpu=0.0)
    if lease is None or lease.run_id != spec.run_id:
        raise RuntimeError("the benchmark's run was not the next one in the queue")
    return LeasedRun(owner_id, lease.run_id, lease.run_no, lease.attempt)


def run_spec(*, epochs: int) -> RunSpec:
    """A run that nobody will train."""
    return sample_spec(run_id=uuid4(), experiment_id=uuid4(), name="Benchmark", total_epochs=epochs)
