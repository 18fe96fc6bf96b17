"""The actor that gives every queued run its hardware, in a loop of Ray Tune that outlives whoever started it."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import ray

from actors.autoscaling import Autoscaler
from actors.metrics_writer import NAMESPACE, deliver_to_actor
from actors.placement import beside_us
from actors.queue_search import WARM_VARIABLE, warm_s
from actors.trial import LEAVE_S, TrialPlace
from actors.tune_loop import run_trials
from nntracker_ray.answering import Answering
from nntracker_ray.command_files import write_last_captures
from nntracker_ray.delivery import drain_orphans
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.home import Home
from nntracker_ray.machines import Machine, limited
from nntracker_ray.queue import RunQueue
from nntracker_ray.scaling import Appetite, startable
from nntracker_ray.shared import shared_setting
from nntracker_ray.storage.connection import Database
from nntracker_ray.store_sweeping import days_kept, sweep_stores
from nntracker_ray.sweeping import Sweeper

NAME: Final = "run-manager"
ROUND_S: Final = 5.0  # how often it looks after what nobody reports
SILENCE_S: Final = 25.0  # a trainer that was not heard of for so long is dead: five heartbeats
LONGEST_GAP_S: Final = 12.0  # between two looks; after a longer one silence is counted anew
SWEEP_STORES_EVERY_S: Final = 3600.0
STOP_TIMEOUT_S: Final = LEAVE_S + 7.0

WORKER_SETTINGS: Final = {  # inherited by the workers
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

_log = logging.getLogger(__name__)


def manager_id(home_root: str) -> UUID:
    """The same for every manager of one data folder on one machine: a successor knows the leases of the dead."""
    return uuid5(NAMESPACE_URL, f"nntracker-run-manager://{socket.gethostname()}{Path(home_root).resolve()}")


class RunManager:
    """The actor behind `start_run_manager`. It may die at any time: everything it knows is in the database.

    Args:
        home_root: The data folder.
        dsn: The database, as the workers see it too. It need not be there yet.
        cpus: Cores for runs; None for all that Ray has.
        gpus: The same for GPUs.
    """

    def __init__(
        self, home_root: str, dsn: str, cpus: float | None = None, gpus: float | None = None
    ) -> None:
        self._home = Home(Path(home_root))
        self._database = Database(dsn, max_size=3, application="nntracker-manager")
        self._limits = cpus, gpus
        self._autoscaler, self._appetite = Autoscaler(), Appetite(cpu=cpus, gpu=gpus)
        self._place = TrialPlace(self._home.root, dsn)
        self._queue = RunQueue(self._database, manager_id=manager_id(home_root), machines=self._machines)
        self._answering = Answering(longest_gap_s=LONGEST_GAP_S)
        self._sweeper = Sweeper(self._database, self._home)
        self._sweep_stores_at_s = 0.0
        self._loop = threading.Thread(target=self._run_loops, name="tune", daemon=True)
        self._loop.start()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._keep_house, name="house", daemon=True).start()

    def ping(self) -> int:
        """The process id: an answer shows that this process is alive, also while the database is not."""
        return os.getpid()

    def data_folder(self) -> str:
        """Whose manager this is: one Ray has one platform."""
        return str(self._home.root)

    def at_work(self) -> list[str]:
        """Names of the runs that are leased now."""
        return [lease.spec.name for lease in self._queue.at_work]

    def stop(self) -> bool:
        """End every trial with a checkpoint and queue its run again. False when one did not end in time."""
        self._queue.close()
        self._loop.join(STOP_TIMEOUT_S)
        in_time = not self._loop.is_alive()
        try:
            self._queue.abandon("the platform stopped")
            _survive("capturing runs that stopped without their trainer", self._capture_stopped)
        except DatabaseAwayError as away:
            _log.warning("runs stay leased until the next start: %s", away)
        _survive("letting machines go", self._autoscaler.close)
        self._database.close()
        return in_time

    def _machines(self) -> tuple[Machine, ...]:
        """The nodes that are alive, within our limits."""
        alive = [node for node in ray.nodes() if node["Alive"]]
        has = [(node["NodeID"], node["Resources"]) for node in alive]
        machines = [Machine.of(name, each.get("CPU", 0.0), each.get("GPU", 0.0)) for name, each in has]
        return limited(machines, cpu=self._limits[0], gpu=self._limits[1])

    def _run_loops(self) -> None:
        """Begin a Tune loop whenever the last one ended, whatever it died of."""
        while not self._queue.closed:
            try:
                self._queue.abandon("its run manager began anew")
                # Hardware that was given back is taken again for a run, not for a worker in reserve.
                first = self._queue.await_run() if self._queue.is_given_back else None
                run_trials(self._queue, self._place, first)
            except Exception:
                _log.exception("the Tune loop ended; another begins")
                time.sleep(1.0)

    def _listen(self) -> None:
        """Wake the queue when a run is queued, and look for dead trainers in the pauses."""
        looked_s = -ROUND_S
        for heard in self._database.listen("nntracker_queue", timeout_s=ROUND_S):
            if self._queue.closed:
                return
            self._queue.wake()
            if heard is None or time.monotonic() - looked_s >= ROUND_S:
                _survive("looking for dead trainers", self._look_for_the_dead)
                looked_s = time.monotonic()

    def _look_for_the_dead(self) -> None:
        """Queue the runs again whose trainers were silent while the database could have heard them."""
        try:
            self._queue.beat_for_waiting()
            if self._answering.answered(now_s=time.monotonic()) >= SILENCE_S:
                self._queue.requeue_silent(SILENCE_S)
        except DatabaseAwayError:
            self._answering.was_away()
            raise

    def _keep_house(self) -> None:
        """What takes time and can wait: in a thread of its own, so that no slow disk hides a death."""
        while not self._queue.closed:
            _survive("queueing runs for which there is room", self._resume_held)
            _survive("telling of runs that fit no machine", self._queue.note_too_large)
            _survive("asking Ray for machines", self._ask_for_machines)
            _survive("delivering what dead trainers left", self._drain_orphans)
            _survive("capturing runs that stopped without their trainer", self._capture_stopped)
            _survive("removing files of deleted runs", self._remove_files)
            _survive("removing data and models that nothing uses", self._remove_unused)
            time.sleep(ROUND_S)

    def _ask_for_machines(self) -> None:
        """Nothing is claimed that does not fit, so Ray's autoscaler sees no queue by itself."""
        wanted = self._appetite.wanted(
            [lease.spec.resources for lease in self._queue.at_work],
            startable(self._queue.waiting_hardware()),
            refused=self._autoscaler.refuses(),
            now_s=time.monotonic(),
        )
        self._autoscaler.ask(wanted)

    def _capture_stopped(self) -> None:
        if stopped := self._queue.take_stopped_alone():
            with self._database.connection() as connection:
                write_last_captures(connection, self._home, stopped)

    def _resume_held(self) -> None:
        self._queue.resume_where_there_is_room(self._home)

    def _drain_orphans(self) -> None:
        drain_orphans(self._home.spool, deliver_to_actor(), timeout_s=ROUND_S)

    def _remove_files(self) -> None:
        self._sweeper.sweep()

    def _remove_unused(self) -> None:
        if time.monotonic() >= self._sweep_stores_at_s:
            self._sweep_stores_at_s = time.monotonic() + SWEEP_STORES_EVERY_S
            sweep_stores(self._database, self._home, days=days_kept())


def _survive(doing: str, work: Callable[[], object]) -> None:
    try:
        work()
    except DatabaseAwayError as away:
        _log.warning("the database is away: %s", away)
    except Exception:
        _log.exception("%s failed; again in %g s", doing, ROUND_S)


def start_run_manager(
    home_root: str, dsn: str, *, cpus: float | None = None, gpus: float | None = None
) -> Any:
    """The handle of the run manager of this cluster; starts it when there is none. It outlives its starter.

    Args:
        home_root: The data folder of this node. Others use the same path, or their `NNTRACKER_NODE_HOME`; they need
            not see the same disk where `NNTRACKER_SHARED` is set.
        dsn: The database, reachable from every node.
        cpus: Cores for runs; None for all that Ray has.
        gpus: GPUs for runs; None for all that Ray has.
    Raises: BadInputError: `NNTRACKER_WARM_S` says nonsense.
    """
    actor = ray.remote(RunManager).options(
        name=NAME,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_restarts=-1,
        scheduling_strategy=beside_us(),
        runtime_env={"env_vars": {**WORKER_SETTINGS, **shared_setting(), WARM_VARIABLE: str(warm_s())}},
    )
    return actor.remote(home_root, dsn, cpus, gpus)


def stop_run_manager() -> bool:
    """Stop the run manager of this cluster, if there is one; its runs are queued again with their progress kept.

    Returns: Whether every run left in time with a checkpoint of the last moment.
    """
    try:
        manager = ray.get_actor(NAME, namespace=NAMESPACE)
    except ValueError:
        return True
    try:
        in_time: bool = ray.get(manager.stop.remote(), timeout=STOP_TIMEOUT_S + 10.0)
    except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError):
        in_time = False
    ray.kill(manager, no_restart=True)
    return in_time
