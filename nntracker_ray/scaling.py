"""How much hardware Ray's autoscaler is asked for: nothing is claimed that does not fit, so Ray sees no queue. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from nntracker_ray.records import Resources

MOST: Final = 64  # runs of one size that wait and are asked for at once
TURN_S: Final = 20.0  # for one size; the autoscaler looks every five seconds
RETRY_S: Final = 300.0  # so long a refusal is believed


@dataclass(frozen=True, slots=True)
class WaitingRuns:
    """Runs of one user, experiment and size in the queue."""

    owner_id: UUID
    owner_places: int | None  # so many more may be at work; None: no limit
    experiment_no: int
    experiment_places: int | None  # the same for the experiment
    size: Resources
    runs: int


def startable(waiting: Iterable[WaitingRuns]) -> Counter[Resources]:
    """How many runs of each size would start if there were machines for all: hardware for others would stand idle."""
    places: dict[UUID | int, float] = {}
    found: Counter[Resources] = Counter()
    for one in waiting:
        of_owner = places.setdefault(one.owner_id, _places(one.owner_places))
        of_experiment = places.setdefault(one.experiment_no, _places(one.experiment_places))
        runs = int(min(one.runs, of_owner, of_experiment))
        if runs > 0:
            places[one.owner_id], places[one.experiment_no] = of_owner - runs, of_experiment - runs
            found[one.size] += runs
    return found


class Appetite:
    """Decides what to ask for: what is at work, and of one size after the other as many more as are not refused.

    Ray's newer autoscaler grants a request as a whole or not at all. One run too many for the largest cluster, or
    one that fits no kind of machine, would keep all others waiting. So each size is asked for by itself, half as many
    after each refusal.

    Args:
        cpu: Cores that runs may use; None for all that there are.
        gpu: The same for GPUs.
    """

    def __init__(self, *, cpu: float | None = None, gpu: float | None = None) -> None:
        self._cpu, self._gpu = _limit(cpu), _limit(gpu)
        self._most: dict[Resources, int] = {}  # of the sizes that were refused
        self._size: Resources | None = None  # whose turn it is
        self._asked = 0  # runs of that size
        self._turn_s = self._tried_s = -math.inf

    def wanted(
        self, at_work: Sequence[Resources], waiting: Mapping[Resources, int], *, refused: bool, now_s: float
    ) -> list[Resources]:
        """The runs for which there should be machines.

        Args:
            at_work: Their machines must stay.
            waiting: Runs of each size that would start if there were room.
            refused: Whether the autoscaler has refused what was wanted last.
            now_s: Of a clock that only goes forward.
        """
        if not waiting or now_s - self._tried_s >= RETRY_S:
            self._most.clear()
            self._tried_s = now_s
        if refused and self._size is not None and self._asked:
            self._most[self._size] = self._asked // 2
            self._turn_s = now_s
        if now_s - self._turn_s >= TURN_S or not self._most_of(self._size, waiting):
            self._size, self._turn_s = self._next(waiting), now_s
        self._asked = min(self._most_of(self._size, waiting), self._allowed(at_work))
        return [*at_work, *[self._size] * self._asked] if self._size else [*at_work]

    def _next(self, waiting: Mapping[Resources, int]) -> Resources | None:
        """The smallest size above the one whose turn it was, or else the smallest."""
        able = sorted((size for size in waiting if self._most_of(size, waiting)), key=_order)
        above = [size for size in able if self._size and _order(size) > _order(self._size)]
        return next(iter(above or able), None)

    def _most_of(self, size: Resources | None, waiting: Mapping[Resources, int]) -> int:
        return 0 if size is None else min(self._most.get(size, MOST), waiting.get(size, 0))

    def _allowed(self, at_work: Sequence[Resources]) -> int:
        """So many runs of the size whose turn it is may be at work beside the others."""
        if self._size is None:
            return 0
        cpu = self._cpu - sum(one.cpu for one in at_work)
        gpu = self._gpu - sum(one.gpu for one in at_work)
        return max(0, min(_times(self._size.cpu, cpu), _times(self._size.gpu, gpu)))


def _limit(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _places(places: int | None) -> float:
    return math.inf if places is None else places


def _order(size: Resources) -> tuple[float, float]:
    return size.gpu, size.cpu


def _times(each: float, room: float) -> int:
    return MOST if each <= 0 or room == math.inf else int(room / each + 1e-6)
