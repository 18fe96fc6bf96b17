"""The queue as one run manager sees it: what it has taken from the database, and what it may still take.

Knows neither Ray nor threads of its own; whoever hears of new runs calls `wake`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from uuid import UUID

from nntracker_ray.allotment import Allotment
from nntracker_ray.errors import DatabaseAwayError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.machines import Machine
from nntracker_ray.records import Lease, RunState
from nntracker_ray.scaling import WaitingRuns
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.hold_writes import resume_where_there_is_room
from nntracker_ray.storage.lease_writes import report_lost_worker, requeue_leases
from nntracker_ray.storage.scaling_queries import waiting_hardware
from nntracker_ray.storage.writes import heartbeat, requeue_orphans

LOST_WORKERS_ALLOWED = 3  # in a row, without an epoch made in between

_Key = tuple[int, int]  # run_no, attempt

_log = logging.getLogger(__name__)


class RunQueue:
    """Takes runs for the hardware that is free, and gives back those that lost their worker.

    `claim` is called by one thread; everything else by any.

    Args:
        manager_id: Written on every lease, so that a successor knows them for its own.
        machines: All that the cluster has at the moment, in use or not.
    """

    def __init__(
        self, database: Database, *, manager_id: UUID, machines: Callable[[], Sequence[Machine]]
    ) -> None:
        self._database = database
        self._manager_id = manager_id
        self._allotment = Allotment(manager_id=manager_id, machines=machines)
        self._at_work: dict[_Key, Lease] = {}
        self._waiting: dict[_Key, Lease] = {}  # no worker has them yet
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._woken.set()
        self._closed = False
        self._given_back = False
        self._stopped_alone: list[UUID] = []

    @property
    def closed(self) -> bool:
        """Whether no more runs are handed out."""
        return self._closed

    @property
    def at_work(self) -> tuple[Lease, ...]:
        """The runs that were claimed and not released."""
        with self._lock:
            return tuple(self._at_work.values())

    @property
    def is_given_back(self) -> bool:
        """Whether idle hardware should be let go: nothing was taken since somebody gave it back."""
        return self._given_back

    def give_back(self) -> None:
        """A person has paused or stopped a run, or nothing was queued for long: keep no worker in reserve."""
        self._given_back = True

    def wake(self) -> None:
        """There may be a run to take: one was queued, hardware became free, or nobody listened for a while."""
        self._woken.set()

    def close(self) -> None:
        """Hand out nothing more, and end every `wait`."""
        self._closed = True
        self._woken.set()

    def wait(self, timeout_s: float | None = None) -> None:
        """Sleep until there may be a run to take, the queue is closed, or so much time has passed."""
        self._woken.wait(timeout_s)

    def await_run(self) -> Lease | None:
        """The next run that fits, as soon as there is one; None when the queue is closed."""
        while not self._closed:
            if (lease := self.claim()) is not None:
                return lease
            self.wait()
        return None

    def claim(self) -> Lease | None:
        """The next run that fits into the free hardware; None when there is none now.

        Asks the database only if it was woken since it last found nothing. A database that is away counts as
        an empty queue: whoever listens to it wakes this queue when it is back.
        """
        if self._closed or not self._woken.is_set():
            return None
        self._woken.clear()  # before the look, so that a run queued meanwhile wakes again
        lease = self._claim() if self._allotment.has_room() else None
        if lease is not None:
            with self._lock:
                self._at_work[_key(lease)] = self._waiting[_key(lease)] = lease
            self._given_back = False
            self._woken.set()  # there may be more where this came from
        return lease

    def release(self, lease: Lease) -> None:
        """The hardware of a run is free again; its state is in the database already."""
        with self._lock:
            self._at_work.pop(_key(lease), None)
            self._allotment.release(lease)
            self._waiting.pop(_key(lease), None)
        self.wake()

    def worker_has(self, lease: Lease) -> None:
        """A worker has the run, and its own heart beats for it."""
        with self._lock:
            self._waiting.pop(_key(lease), None)

    def beat_for_waiting(self) -> None:
        """Keep alive the leases whose worker is still being started, however long that takes.

        Raises: DatabaseAwayError.
        """
        with self._lock:
            waiting = tuple(self._waiting)
        with self._database.connection() as connection:
            for run_no, attempt in waiting:
                heartbeat(connection, run_no=run_no, attempt=attempt)

    def report_lost_worker(
        self, lease: Lease, error: str, *, allowed: int = LOST_WORKERS_ALLOWED
    ) -> RunState | None:
        """Queue a run again whose worker died; the third death in a row without an epoch in between fails it.

        Args:
            error: What is known of the death; kept with the run.
            allowed: So many deaths; 1 fails it now.
        Returns: The run's state; None when the database is away. Then the silence of its trainer gives the run
            back, some time later.
        """
        try:
            with self._database.connection() as connection:
                state = report_lost_worker(
                    connection, run_id=lease.run_id, attempt=lease.attempt, error=error, allowed=allowed
                )
        except NotFoundError:
            return None
        except DatabaseAwayError as away:
            _log.warning("run %s lost its worker and cannot be queued again now: %s", lease.spec.name, away)
            return None
        if state in (RunState.PAUSED, RunState.STOPPED):
            self.give_back()
        if state is RunState.STOPPED:
            self._note_stopped([lease.run_id])
        return state

    def take_stopped_alone(self) -> list[UUID]:
        """Runs that were stopped because their trainer was gone when it should stop; each is told once."""
        with self._lock:
            taken, self._stopped_alone = self._stopped_alone, []
        return taken

    def abandon(self, why: str) -> list[UUID]:
        """Queue again what was leased to this manager, or to a predecessor of it: nobody trains it any more.

        Raises: DatabaseAwayError.
        """
        with self._lock:
            self._at_work.clear()
            self._allotment.release_all()
            self._waiting.clear()
        with self._database.connection() as connection:
            left = requeue_leases(connection, manager_id=self._manager_id, why=why)
        self._note_stopped(left.stopped)
        return left.queued

    def resume_where_there_is_room(self, home: Home) -> list[UUID]:
        """Queue the runs again that wait for room on the disk and have it now. Raises: DatabaseAwayError."""
        with self._database.connection() as connection:
            return resume_where_there_is_room(connection, home)

    def requeue_silent(self, silent_for_s: float) -> list[UUID]:
        """Queue again the runs of any manager whose trainers have fallen silent. Raises: DatabaseAwayError."""
        with self._database.connection() as connection:
            left = requeue_orphans(connection, silent_for_s=silent_for_s)
        self._note_stopped(left.stopped)
        return left.queued

    def note_too_large(self) -> None:
        """Tell people of the runs that fit no machine, in their history. Raises: DatabaseAwayError."""
        with self._database.connection() as connection:
            self._allotment.note_too_large(connection)

    def waiting_hardware(self) -> list[WaitingRuns]:
        """What the first runs in line ask for, with or without room for them. Raises: DatabaseAwayError."""
        with self._database.connection() as connection:
            return waiting_hardware(connection)

    def _note_stopped(self, run_ids: Sequence[UUID]) -> None:
        with self._lock:
            self._stopped_alone += run_ids

    def _claim(self) -> Lease | None:
        try:
            with self._database.connection() as connection:
                claimed = self._allotment.claim(connection)
        except DatabaseAwayError as away:
            _log.warning("no run can be taken from the queue now: %s", away)
            return None
        if claimed is None:
            return None
        self._allotment.take(*claimed)
        return claimed[0]


def _key(lease: Lease) -> _Key:
    return lease.run_no, lease.attempt
