"""Machines and what is free on them: whether a run fits, and which part of which GPU it gets. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

SLACK = 1e-6  # sums of shares such as 0.1 are not exact; Ray itself counts in 1e-4


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware of one machine: all of it, what is left of it, or the part that a run has."""

    name: str
    cpu: float  # cores
    gpus: tuple[float, ...] = ()  # of each GPU the share, 0 to 1

    @classmethod
    def of(cls, name: str, cpu: float, gpu: float = 0.0) -> Machine:
        """A machine by its number of GPUs; a fraction at the end is a GPU that may be used in part."""
        whole, rest = int(gpu + SLACK), gpu - int(gpu + SLACK)
        return cls(name, cpu, (1.0,) * whole + ((rest,) if rest > SLACK else ()))

    @property
    def gpu(self) -> float:
        """GPUs altogether."""
        return sum(self.gpus)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left for any run."""
        return self.cpu <= SLACK and self.gpu <= SLACK

    def fits(self, cpu: float, gpu: float) -> bool:
        """Whether there is room for a run. A part of a GPU must lie on one GPU; a whole one is nobody else's."""
        return cpu <= self.cpu + SLACK and self.fits_gpu(gpu)

    def fits_gpu(self, gpu: float) -> bool:
        """The same for the GPUs alone."""
        if gpu <= 0:
            return True
        return sum(share >= min(gpu, 1.0) - SLACK for share in self.gpus) >= math.ceil(gpu)

    def part(self, cpu: float, gpu: float) -> Machine:
        """What a run that fits gets: of the GPUs that do the ones with the least left, as Ray chooses."""
        each = min(gpu, 1.0)
        able = [place for place, share in enumerate(self.gpus) if gpu > 0 and share >= each - SLACK]
        chosen = sorted(able, key=lambda place: self.gpus[place])[: math.ceil(gpu)]
        return Machine(self.name, cpu, tuple(each * (place in chosen) for place in range(len(self.gpus))))

    def without(self, part: Machine) -> Machine:
        """What is left when a part is taken away; never less than nothing."""
        gpus = zip_longest(self.gpus, part.gpus, fillvalue=0.0)
        return Machine(self.name, max(0.0, self.cpu - part.cpu), tuple(max(0.0, a - b) for a, b in gpus))


@dataclass(frozen=True, slots=True)
class Room:
    """One machine as runs are handed out to it."""

    whole: Machine
    free: Machine


def rooms_left(machines: Iterable[Machine], taken: Iterable[Machine]) -> tuple[Room, ...]:
    """The machines with what is left of each. A part of a machine that is not there any more counts nothing."""
    free = {machine.name: machine for machine in machines}
    whole = dict(free)
    for part in taken:
        if part.name in free:
            free[part.name] = free[part.name].without(part)
    return tuple(Room(whole[name], free[name]) for name in whole)


def limited(machines: Iterable[Machine], *, cpu: float | None, gpu: float | None) -> tuple[Machine, ...]:
    """The machines with no more than so many cores and GPUs altogether; the first come first. None: no limit."""
    cpu_left = math.inf if cpu is None else cpu
    gpu_left = math.inf if gpu is None else gpu
    kept = []
    for machine in machines:
        kept.append(Machine.of(machine.name, min(machine.cpu, cpu_left), min(machine.gpu, gpu_left)))
        cpu_left, gpu_left = cpu_left - kept[-1].cpu, gpu_left - kept[-1].gpu
    return tuple(kept)
