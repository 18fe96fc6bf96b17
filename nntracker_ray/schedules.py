"""Learning-rate schedules: from the kind and its arguments to the rate of an epoch. Pure; knows no Keras.

A rate is decided at the end of an epoch and holds from the beginning of the next. All is computed in float64 from
the float32 that the optimizer holds; what comes out is rounded to float32 by the optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from nntracker_ray.expressions import names_in, value_of
from nntracker_ray.records import JsonValue, LearningRateSchedule

_KNOWN_TO_POLICIES: Final = ("epoch", "initial", "rate")


@dataclass(slots=True)
class ScheduleMemory:
    """What a schedule has to remember from one epoch to the next; goes through checkpoints as JSON."""

    best: float | None = None  # plateau: best value so far
    wait: int = 0  # plateau: epochs without improvement
    cooldown_left: int = 0  # plateau: epochs in which it only watches
    reduced: float | None = None  # plateau: the rate that the next epoch is to have; None: as it is
    logs: dict[str, float] | None = None  # policy: its metrics of the last epoch; None: no epoch yet
    trouble_told: bool = False

    def to_json(self) -> dict[str, JsonValue]:
        """The memory as JSON values."""
        return asdict(self)


def rate_of_epoch(
    schedule: LearningRateSchedule, memory: ScheduleMemory, *, epoch: int, initial: float, rate: float
) -> float:
    """The learning rate that an epoch is to be trained with.

    Args:
        schedule: Its `conf` has every argument; see docs/schedules.md.
        epoch: 0-based, as all epochs here.
        initial: The rate that was asked for.
        rate: The rate in force, that of the last epoch.
    Returns: Any float: what is not finite or not above 0 is for the caller to refuse.
    Raises: LookupError: A policy names a metric that the last epoch did not report.
    """
    if schedule.kind == "plateau":
        return rate if memory.reduced is None else memory.reduced
    if schedule.kind == "policy":
        return _policy(schedule.conf, memory, epoch=epoch, initial=initial, rate=rate)
    if schedule.kind == "constant":
        return initial
    return _BY_EPOCH[schedule.kind](schedule.conf, epoch, initial)


def watch_epoch(
    schedule: LearningRateSchedule,
    memory: ScheduleMemory,
    logs: Mapping[str, float],
    *,
    rate: float,
    up: bool,
) -> None:
    """Take note of a complete epoch.

    Args:
        logs: Its metrics as Keras reports them.
        rate: The learning rate that it was trained with.
        up: Whether more is better of the metric that a plateau watches.
    Raises: LookupError: The metric that a plateau watches is not among them.
    """
    if schedule.kind == "plateau":
        _watch_plateau(schedule.conf, memory, logs, rate=rate, up=up)
    if schedule.kind == "policy":
        memory.logs = {
            name: float(logs[name]) for name in names_in(schedule.conf["expression"]) if name in logs
        }


def cause_of(schedule: LearningRateSchedule) -> str:
    """The rule behind a change, in words: "step: x 0.5 every 10 epochs"."""
    return f"{schedule.kind}: {_WORDS[schedule.kind](schedule.conf)}"


# --- rates that depend on the epoch alone ---------------------------------------------------------------------------


def _step(conf: Mapping[str, Any], epoch: int, initial: float) -> float:
    return float(initial * conf["factor"] ** (epoch // conf["every"]))


def _exponential(conf: Mapping[str, Any], epoch: int, initial: float) -> float:
    return float(initial * conf["rate"] ** epoch)


def _cosine(conf: Mapping[str, Any], epoch: int, initial: float) -> float:
    """Linear warm-up, then half a cosine down to the floor, which holds from epoch `epochs` on.

    Source: Loshchilov and Hutter 2017, "SGDR", equation 5, for one period.
    """
    warmup, floor = conf["warmup"], float(conf["floor"])
    if epoch < warmup:
        return float(initial * (epoch + 1) / (warmup + 1))
    share = min(1.0, (epoch - warmup) / (conf["epochs"] - warmup))
    return floor + (initial - floor) * 0.5 * (1.0 + math.cos(math.pi * share))


_BY_EPOCH: Final[Mapping[str, Callable[[Mapping[str, Any], int, float], float]]] = {
    "step": _step,
    "exponential": _exponential,
    "cosine": _cosine,
}


# --- rates that depend on what was measured -----------------------------------------------------------------------


def _policy(
    conf: Mapping[str, Any], memory: ScheduleMemory, *, epoch: int, initial: float, rate: float
) -> float:
    names = names_in(conf["expression"])
    if (epoch == 0 or memory.logs is None) and names.keys() - set(_KNOWN_TO_POLICIES):
        return rate  # nothing is measured yet
    values = {**(memory.logs or {}), "epoch": float(epoch), "initial": initial, "rate": rate}
    return value_of(conf["expression"], values)


def _watch_plateau(
    conf: Mapping[str, Any], memory: ScheduleMemory, logs: Mapping[str, float], *, rate: float, up: bool
) -> None:
    """Source: keras.callbacks.ReduceLROnPlateau, step by step: its cooldown and its NaN behave as they do there."""
    memory.reduced = None
    current = float(logs[conf["monitor"]])
    if memory.cooldown_left > 0:
        memory.cooldown_left -= 1
        memory.wait = 0
    if _is_better(current, memory.best, min_delta=conf["min_delta"], up=up):
        memory.best, memory.wait = current, 0
    elif memory.cooldown_left == 0:
        memory.wait += 1
        if memory.wait >= conf["patience"] and rate > np.float32(conf["min_lr"]):
            memory.reduced = max(rate * conf["factor"], conf["min_lr"])
            memory.cooldown_left, memory.wait = conf["cooldown"], 0


def _is_better(value: float, best: float | None, *, min_delta: float, up: bool) -> bool:
    if best is None:
        return True
    # Keras compares in float32.
    with np.errstate(over="ignore"):
        if up:
            return bool(np.float32(value - min_delta) > np.float32(best))
        return bool(np.float32(value + min_delta) < np.float32(best))


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "constant": lambda _: "as given",
    "step": lambda conf: f"x {conf['factor']:g} every {_epochs(conf['every'])}",
    "exponential": lambda conf: f"x {conf['rate']:g} every epoch",
    "cosine": lambda conf: (
        f"down to {conf['floor']:g} over {_epochs(conf['epochs'])}"
        + (f", the first {conf['warmup']} rising" if conf["warmup"] else "")
    ),
    "plateau": lambda conf: (
        f"x {conf['factor']:g} as {conf['monitor']} has not improved for {_epochs(conf['patience'])}"
    ),
    "policy": lambda conf: str(conf["expression"]),
}


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"
