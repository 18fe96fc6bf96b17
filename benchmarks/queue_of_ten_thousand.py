"""Q1, Q2, Q3: what ten thousand queued runs cost the one who hands them out, and the one who submits them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

import psutil

from benchmarks.database import embedded_database, run_spec
from benchmarks.report import Figure
from benchmarks.timing import interleaved, ratio, seconds, spread
from nntracker_ray.records import RunSpec
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.share_writes import Share, set_share

USERS = 5
CLAIMS = 200
IDLE_S = 30.0
SETTLING_S = 20.0


def measure() -> list[Figure]:
    """Every figure of this module, on embedded PostgreSQLs and a Ray of its own."""
    with embedded_database() as (_, small), embedded_database() as (dsn, large):
        _fill(small, _users(small), experiments=10, runs=1)
        users = _users(large)
        with _run_manager(dsn) as manager:
            idle_without = _idle_percent(manager)
            _fill(large, users, experiments=100, runs=100)
            idle_with = _idle_percent(manager)
        claim = _claim_figure(*interleaved(lambda: _claim(large), lambda: _claim(small), rounds=CLAIMS))
        return [claim, _idle_figure(idle_without, idle_with), _submit_figure(large, users[0])]


def _users(database: Database) -> list[UUID]:
    """Several people of different weight, none of whom may run anything yet: the manager must not interfere."""
    users = []
    with database.connection() as conn:
        for number in range(USERS):
            name = f"user {number}"
            row = conn.execute("INSERT INTO users (name) VALUES (%s) RETURNING user_id", [name]).fetchone()
            assert row is not None
            set_share(conn, name=name, share=Share(weight=number + 1.0, max_running=0))
            users.append(row[0])
    return users


def _fill(database: Database, users: list[UUID], *, experiments: int, runs: int) -> None:
    """Queue runs in each of the experiments; the older half has one more, at work, and may have no other."""
    for number in range(experiments):
        is_full = number < experiments / 2
        with database.connection() as conn:
            specs = _specs(runs + is_full)
            _submit(conn, users[number % USERS], specs, {"max_concurrent": 1} if is_full else {})
            if is_full:
                conn.execute(
                    "UPDATE runs SET state = 'running', attempt = 1, heartbeat_at = 'infinity' WHERE run_id = %s",
                    [specs[0].run_id],
                )


def _specs(count: int) -> list[RunSpec]:
    one = replace(run_spec(epochs=1), experiment_id=uuid4())
    return [replace(one, run_id=uuid4(), name=f"Benchmark ({i + 1})", position=i) for i in range(count)]


def _submit(conn: Connection, owner_id: UUID, specs: list[RunSpec], config: dict[str, int]) -> None:
    experiment_id = specs[0].experiment_id
    writes.submit_experiment(
        conn, owner_id=owner_id, experiment_id=experiment_id, name="Benchmark", config=config, runs=specs
    )


def _claim(database: Database) -> None:
    """One claim, undone, so that the queue stays as it is."""
    with database.connection() as conn:
        conn.execute("UPDATE users SET max_running = NULL")
        lease = writes.claim_next_run(conn, manager_id=uuid4(), free_cpu=1000.0, free_gpu=0.0)
        assert lease is not None
        conn.rollback()


@contextmanager
def _run_manager(dsn: str) -> Iterator[psutil.Process]:
    """The real run manager, once its first worker is warm."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    from actors.run_manager import start_run_manager, stop_run_manager

    ray.init(address="local", namespace="nntracker", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with tempfile.TemporaryDirectory() as home:
            manager = start_run_manager(home, dsn)
            process = psutil.Process(ray.get(manager.ping.remote()))
            time.sleep(SETTLING_S)
            yield process
            stop_run_manager()
    finally:
        ray.shutdown()


def _idle_percent(manager: psutil.Process) -> float:
    """Share of one core that the manager uses while nothing can be started."""
    before, began_s = _cpu_s(manager), time.monotonic()
    time.sleep(IDLE_S)
    return (_cpu_s(manager) - before) / (time.monotonic() - began_s) * 100


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _claim_figure(large_s: list[float], small_s: list[float]) -> Figure:
    return Figure(
        "Q1",
        f"claim of the next run with 10,000 queued ({USERS} users, half of the experiments full), against 10",
        ratio(large_s, small_s),
        "x claim at 10",
        2.0,
        at_most=True,
        detail=f"ms, without the commit: {spread(large_s, unit=1e3)} against {spread(small_s, unit=1e3)}",
    )


def _idle_figure(without: float, with_runs: float) -> Figure:
    return Figure(
        "Q2",
        f"run manager with 10,000 queued runs of which none may start, over {IDLE_S:g} s",
        with_runs,
        "% of a core",
        2.0,
        at_most=True,
        detail=f"{without:.2f} % with an empty queue",
    )


def _submit_figure(database: Database, owner_id: UUID) -> Figure:
    specs = _specs(10_000)

    def submit() -> None:
        with database.connection() as conn:
            _submit(conn, owner_id, specs, {})

    return Figure(
        "Q3", "10,000 runs of one experiment written into the queue", seconds(submit), "s", 30, at_most=True
    )
