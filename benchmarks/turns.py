"""Trainings that take turns in one process: what drifts touches all of them alike, and each is compiled only once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LOOK_S = 1.0  # how often a training that is waited for is asked whether it has failed


class Spent(NamedTuple):
    """What one turn has taken."""

    wall_s: float
    processor_s: float  # of the whole process: threads beside the training are part of it


@dataclass(eq=False)
class InTurns:
    """A training in a thread of its own, which goes on only while somebody waits for it.

    Args:
        train: All of it, start to end; calls what it is given wherever it is to stand until its next turn.
    """

    train: Callable[[Callable[[], None]], None]
    turns: list[Spent] = field(default_factory=list)  # those that count
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _stands: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _thread: threading.Thread | None = None
    _error: BaseException | None = None

    def go_on(self) -> Spent:
        """Let it go on until it stands again. Raises: whatever has ended it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="a training in turns", daemon=True)
            self._thread.start()
        before_s = time.perf_counter(), time.process_time()
        self._go.release()
        while not self._stands.acquire(timeout=LOOK_S):
            if not self._thread.is_alive():
                raise RuntimeError("the training ended before its last turn") from self._error
        return Spent(time.perf_counter() - before_s[0], time.process_time() - before_s[1])

    def end(self) -> None:
        """Let it go on to its end, its last turn being made. Raises: whatever goes wrong there."""
        self._go.release()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise RuntimeError("the training failed after its last turn") from self._error

    def _run(self) -> None:
        self._go.acquire()
        try:
            self.train(self._stand)
        except BaseException as error:
            self._error = error

    def _stand(self) -> None:
        self._stands.release()
        self._go.acquire()


def take_turns(trainings: Sequence[InTurns], *, unmeasured: int, rounds: int) -> None:
    """Let each make its turns, in each round in another order (seeded), and then end all.

    What came just before leaves the processor's caches and the allocator as it likes them: nobody may always follow
    the same one, or itself more often than others do.

    Args:
        unmeasured: Turns of each that come first and do not count: building, compiling.
    """
    for _ in range(unmeasured):
        for one in trainings:
            one.go_on()
    chance = random.Random(0)  # noqa: S311 (not a secret)
    for _ in range(rounds):
        for one in chance.sample(trainings, len(trainings)):
            one.turns.append(one.go_on())
    for one in trainings:
        one.end()
