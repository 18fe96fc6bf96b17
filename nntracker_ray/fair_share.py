"""Whose run is next: the rule by which users share the hardware. Pure; `docs/queue.md` tells it with an example.

Source of the virtual times: Goyal, Vin, Cheng, "Start-time fair queueing" (SIGCOMM 1996).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from nntracker_ray.machines import SLACK, Room

PATIENCE_S = 600.0  # a run that was passed over so long ago is not passed over any more

Rank: TypeAlias = tuple[
    int, int, int, int, int
]  # among the owner's runs: is new, -priority, experiment, position, number


@dataclass(frozen=True, slots=True)
class Sharer:
    """A user who has runs in the queue."""

    user_id: UUID
    weight: float = 1.0  # of two users the one with twice the weight gets twice the hardware
    max_running: int | None = None  # None: no limit
    running: int = 0  # runs at work
    cpu: float = 0.0  # cores that they have
    gpu: float = 0.0  # GPUs that they have
    virtual_time: float = 0.0  # grows with what was started for the user, divided by the weight


@dataclass(frozen=True, slots=True)
class Waiting:
    """The first run in line of those that one user has of one size."""

    owner: Sharer
    run_id: UUID
    rank: Rank
    cpu: float  # cores
    gpu: float  # GPUs, fractions allowed


@dataclass(frozen=True, slots=True)
class Choice:
    """The run to start, where there is room for it, and what its owner's clock says then."""

    waiting: Waiting
    room: Room
    virtual_start: float
    virtual_time: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be started now, and the run that it overtakes."""

    choice: Choice | None
    passed_over: UUID | None = None  # would be next, if there were room for it


def choose(
    line: Sequence[Waiting], rooms: Sequence[Room], *, clock: float = 0.0, overdue: UUID | None = None
) -> Verdict:
    """The next run.

    Args:
        line: For each user and size the first run in line, experiments that are full left out.
        rooms: Every machine.
        clock: The highest virtual start of any user.
        overdue: A run that has been passed over for too long: nothing is started that would take its room.
    """
    rivals = [one for one in line if _may_run_some_day(one, rooms)]
    entitled = next((one for one in rivals if one.run_id == overdue), None)
    startable = [one for one in rivals if _may_start(one, rooms, entitled)]
    scale = _Scale(rooms, clock)
    wanted = scale.next_of(rivals)
    if wanted is None or not startable:
        return Verdict(None)
    if wanted in startable:
        return Verdict(scale.choice(wanted))
    return Verdict(scale.choice(scale.next_of(startable)), passed_over=wanted.run_id)


def too_large(line: Iterable[Waiting], rooms: Sequence[Room]) -> list[Waiting]:
    """Those that fit no machine, even an idle one."""
    return [one for one in line if not any(room.whole.fits(one.cpu, one.gpu) for room in rooms)]


class Patience:
    """Remembers since when runs have been passed over.

    In memory alone: a new run manager begins to count anew, which costs a large run some minutes and no more.
    """

    def __init__(self, limit_s: float = PATIENCE_S) -> None:
        self._limit_s = limit_s
        self._since_s: dict[UUID, float] = {}

    def note(self, run_id: UUID, *, now_s: float) -> None:
        """A run was passed over; the first time counts."""
        self._since_s.setdefault(run_id, now_s)

    def overdue(self, waiting: Collection[UUID], *, now_s: float) -> UUID | None:
        """Of those that still wait the one passed over first, if that is long ago. The others are forgotten."""
        self._since_s = {run_id: since_s for run_id, since_s in self._since_s.items() if run_id in waiting}
        first = min(self._since_s, key=self._since_s.__getitem__, default=None)
        return first if first is not None and now_s - self._since_s[first] >= self._limit_s else None


class _Scale:
    """Weighs users against each other on the hardware that there is."""

    def __init__(self, rooms: Sequence[Room], clock: float) -> None:
        self._rooms = rooms
        self._cpu = sum(room.whole.cpu for room in rooms)
        self._gpu = sum(room.whole.gpu for room in rooms)
        self._clock = clock

    def next_of(self, line: Iterable[Waiting]) -> Waiting | None:
        """Whose turn it is; of that user's runs the first that is in `line`."""
        firsts: dict[UUID, Waiting] = {}
        for one in sorted(line, key=lambda one: one.rank):
            firsts.setdefault(one.owner.user_id, one)
        if not firsts:
            return None
        # A difference of less than one run is none, or a few large machines could never be shared 1 : 2 : 3.
        least_s = min(self._level(one) + self.step(one) for one in firsts.values())
        due = [one for one in firsts.values() if self._level(one) < least_s - SLACK * least_s]
        return min(due, key=lambda one: (self._turn(one), one.owner.virtual_time, str(one.owner.user_id)))

    def choice(self, one: Waiting | None) -> Choice | None:
        """The run on the fullest machine that it fits, and what it costs its owner."""
        if one is None:
            return None
        start = max(one.owner.virtual_time, self._clock)
        room = min((room for room in self._rooms if _fits(one, room)), key=_least_left)
        return Choice(one, room, start, start + self.step(one))

    def step(self, one: Waiting) -> float:
        """What a run adds to its owner's level and clock."""
        return self._share(one.cpu, one.gpu) / one.owner.weight

    def _level(self, one: Waiting) -> float:
        return self._share(one.owner.cpu, one.owner.gpu) / one.owner.weight

    def _turn(self, one: Waiting) -> float:
        # Rounded, so that sums of 1/3 that were added up in another order are a tie.
        return round(max(one.owner.virtual_time, self._clock), 9)

    def _share(self, cpu: float, gpu: float) -> float:
        """The larger of the shares of all cores and of all GPUs, 0 to 1."""
        return max(cpu / self._cpu if self._cpu else 0.0, gpu / self._gpu if self._gpu else 0.0)


def _may_run_some_day(one: Waiting, rooms: Sequence[Room]) -> bool:
    has_place = one.owner.max_running is None or one.owner.running < one.owner.max_running
    return has_place and any(room.whole.fits(one.cpu, one.gpu) for room in rooms)


def _may_start(one: Waiting, rooms: Sequence[Room], entitled: Waiting | None) -> bool:
    fitting = [room for room in rooms if _fits(one, room)]
    # Ray chooses the machine in the end, so each that it might choose must keep the room of the one entitled.
    return bool(fitting) and (
        entitled is None or one == entitled or all(_keeps_room(room, one, entitled) for room in fitting)
    )


def _keeps_room(room: Room, taker: Waiting, entitled: Waiting) -> bool:
    if not room.whole.fits(entitled.cpu, entitled.gpu):
        return True
    left = room.free.without(room.free.part(taker.cpu, taker.gpu))
    keeps_cpu = taker.cpu <= 0 or left.cpu + SLACK >= entitled.cpu
    return keeps_cpu and (taker.gpu <= 0 or left.fits_gpu(entitled.gpu))


def _fits(one: Waiting, room: Room) -> bool:
    return room.free.fits(one.cpu, one.gpu)


def _least_left(room: Room) -> tuple[float, float]:
    return room.free.gpu, room.free.cpu
