"""Who has which hardware, as one run manager knows it, and the claim of the next run for what is free."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from nntracker_ray.fair_share import Choice, Patience, Waiting, choose, too_large
from nntracker_ray.machines import Machine, Room, rooms_left
from nntracker_ray.records import Lease
from nntracker_ray.storage.claim_writes import Line, note_too_large, start_attempt, waiting_line
from nntracker_ray.storage.connection import Connection


class Allotment:
    """Hands out the free parts of machines to runs. `claim` is called by one thread, everything else by any.

    Args:
        manager_id: Written on every lease.
        machines: All that the cluster has at the moment, in use or not.
        now_s: A clock that only goes forward.
    """

    def __init__(
        self,
        *,
        manager_id: UUID,
        machines: Callable[[], Sequence[Machine]],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manager_id = manager_id
        self._machines = machines
        self._now_s = now_s
        self._taken: dict[tuple[int, int], Machine] = {}  # by run_no and attempt
        self._patience = Patience()
        self._lock = threading.Lock()

    def rooms(self) -> tuple[Room, ...]:
        """Every machine with what is left of it."""
        with self._lock:
            taken = tuple(self._taken.values())
        return rooms_left(self._machines(), taken)

    def has_room(self) -> bool:
        """Whether anything at all is free."""
        return not all(room.free.is_used_up for room in self.rooms())

    def claim(self, conn: Connection) -> tuple[Lease, Machine] | None:
        """Lease the next run in fairness that fits. It has its part of the machine only once `take` is called.

        Returns: the lease and its part; None when nothing that waits fits now.
        """
        line, rooms = waiting_line(conn), self.rooms()
        runs = list(line.runs)
        while (choice := self._choice(runs, rooms, line)) is not None:
            if (lease := start_attempt(conn, choice, line, manager_id=self._manager_id)) is not None:
                return lease, choice.room.free.part(choice.waiting.cpu, choice.waiting.gpu)
            runs.remove(choice.waiting)  # somebody is just changing it, and nothing like it is behind it
        return None

    def note_too_large(self, conn: Connection) -> None:
        """Say in the history of each run that fits no machine, even an idle one, what it waits for.

        A head without cores counts: on a cluster that has let all its workers go people must see why nothing starts.
        """
        if rooms := self.rooms():
            for one in too_large(waiting_line(conn).runs, rooms):
                note_too_large(conn, one)

    def take(self, lease: Lease, part: Machine) -> None:
        """The lease is committed: its hardware is in use."""
        with self._lock:
            self._taken[lease.run_no, lease.attempt] = part

    def release(self, lease: Lease) -> None:
        """The hardware of a run is free again; a second time changes nothing."""
        with self._lock:
            self._taken.pop((lease.run_no, lease.attempt), None)

    def release_all(self) -> None:
        """Nothing is at work any more."""
        with self._lock:
            self._taken.clear()

    def _choice(self, runs: Sequence[Waiting], rooms: Sequence[Room], line: Line) -> Choice | None:
        now_s = self._now_s()
        overdue = self._patience.overdue({one.run_id for one in runs}, now_s=now_s)
        verdict = choose(runs, rooms, clock=line.clock, overdue=overdue)
        if verdict.passed_over is not None:
            self._patience.note(verdict.passed_over, now_s=now_s)
        return verdict.choice
