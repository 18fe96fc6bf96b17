"""The harm that is done, each kind by its number in the list of faults; every choice comes from one seed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil
import psycopg

from nntracker_ray.commands import Selection, Verb
from nntracker_ray.records import RunState
from tests.chaos.suite.stage import Stage


@dataclass(frozen=True)
class Fault:
    """One kind of harm."""

    name: str
    number: str  # "F1", ...
    weight: int  # how often it is chosen, compared with the others
    strike: Callable[[Stage, random.Random], None]


def kill_worker(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of a process that trains."""
    if pids := stage.worker_pids():
        _kill(chance.choice(pids))


def starve_worker(stage: Stage, chance: random.Random) -> None:
    """No more memory for a process that trains."""
    for pid in stage.worker_pids()[:1]:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            worker = psutil.Process(pid)
            most = worker.memory_info().vms + 2**20
            worker.rlimit(psutil.RLIMIT_AS, (most, most))


def kill_manager(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of the run manager."""
    _kill_titled(stage, "RunManager")


def kill_writer(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of the metrics writer."""
    _kill_titled(stage, "MetricsWriter")


def freeze_writer(stage: Stage, chance: random.Random) -> None:
    """The metrics writer stands still for a while, and wakes as if nothing had happened."""
    for writer in stage.titled("MetricsWriter")[:1]:
        _freeze([writer], chance.uniform(3, 15))


def kill_web(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of the web app's replica."""
    _kill_titled(stage, "ServeReplica")


def kill_ray(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of Ray's own raylet or GCS server."""
    name = chance.choice(["raylet", "gcs_server"])
    for process in stage.named(name)[:1]:
        _kill(process.pid)


def kill_platform(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of the driver."""
    if (pid := stage.platform_pid()) is not None:
        _kill(pid)


def kill_database(stage: Stage, chance: random.Random) -> None:
    """SIGKILL of the postmaster, or an immediate stop."""
    if (pid := stage.postmaster_pid()) is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, chance.choice([signal.SIGKILL, signal.SIGQUIT]))


def cut_connections(stage: Stage, chance: random.Random) -> None:
    """Every connection of the platform to its database is cut at once."""
    with suppress(psycopg.OperationalError), stage.connection() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'nntracker%%' AND pid <> pg_backend_pid()"
        )


def take_database_away(stage: Stage, chance: random.Random) -> None:
    """No database for a while: it is stopped, and nobody gets it up again."""
    with stage.database_kept_down():
        time.sleep(chance.uniform(5, 20))


def freeze_database(stage: Stage, chance: random.Random) -> None:
    """The database accepts and does not answer."""
    if (pid := stage.postmaster_pid()) is None:
        return
    with suppress(psutil.NoSuchProcess):
        postmaster = psutil.Process(pid)
        _freeze([postmaster, *postmaster.children(recursive=True)], chance.uniform(3, 12))


def fill_disk(stage: Stage, chance: random.Random) -> None:
    """No byte is left where the checkpoints lie."""
    with stage.full_disk():
        time.sleep(chance.uniform(3, 10))


def pause_and_resume(stage: Stage, chance: random.Random) -> None:
    """A person pauses a run, and resumes it twice, as impatient people do."""
    _interrupt(stage, chance, Verb.PAUSE, RunState.PAUSED)


def stop_and_resume(stage: Stage, chance: random.Random) -> None:
    """A person stops a run, and thinks better of it."""
    _interrupt(stage, chance, Verb.STOP, RunState.STOPPED)


def end_and_start_again(stage: Stage, chance: random.Random) -> None:
    """SIGTERM to everything, as at a reboot; then the platform is started again and nothing else is done."""
    stage.down()
    stage.start()


FAULTS: tuple[Fault, ...] = (
    Fault("worker killed", "F1", 5, kill_worker),
    Fault("driver killed", "F3", 1, kill_platform),
    Fault("run manager killed", "F3", 2, kill_manager),
    Fault("writer killed", "F4", 4, kill_writer),
    Fault("writer frozen", "F5", 2, freeze_writer),
    Fault("database killed", "F6", 2, kill_database),
    Fault("connections cut", "F6", 4, cut_connections),
    Fault("database away", "F7", 2, take_database_away),
    Fault("database frozen", "F7", 2, freeze_database),
    Fault("disk full", "F9", 2, fill_disk),
    Fault("Ray killed", "F12", 1, kill_ray),
    Fault("worker out of memory", "F16", 1, starve_worker),
    Fault("web app killed", "F17", 1, kill_web),
    Fault("paused and resumed", "F21", 5, pause_and_resume),
    Fault("stopped and resumed", "F21", 2, stop_and_resume),
    Fault("everything ended and started", "F23", 1, end_and_start_again),
)


def _interrupt(stage: Stage, chance: random.Random, verb: Verb, reached: RunState) -> None:
    runs = stage.run_ids_in(RunState.STARTING, RunState.RUNNING)
    if not runs:
        return
    chosen = Selection(run_ids=(chance.choice(runs),))
    stage.command(verb, chosen)
    stage.await_state(chosen.run_ids[0], {reached, RunState.FINISHED, RunState.FAILED})
    time.sleep(chance.uniform(0, 2))
    for _ in range(2):
        stage.command(Verb.RESUME, chosen)


def _kill_titled(stage: Stage, title: str) -> None:
    for process in stage.titled(title)[:1]:
        _kill(process.pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _freeze(processes: list[psutil.Process], seconds: float) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        time.sleep(seconds)
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
