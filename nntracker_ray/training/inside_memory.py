"""What an attempt that goes on must know of the looks that were made before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from numpy.typing import NDArray

from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.records import JsonValue
from nntracker_ray.training.checkpoint import Checkpoint

CALLBACK: Final = "introspection"  # under this name in a checkpoint
_ARRAYS: Final = "inside/"


@dataclass(frozen=True, slots=True, eq=False)
class InsideMemory:
    """The looks of a run up to one moment, as a part of its checkpoint."""

    facts: dict[str, JsonValue] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # "inside/0/previous"


NOTHING: Final = InsideMemory()


def memory_of(
    subscriptions: Sequence[Subscription], *, last_step: int, began_s: float, spent: dict[str, float]
) -> InsideMemory:
    """What to keep, every look being worked off.

    Args:
        last_step: Of the newest look.
        began_s: Seconds of the run before anybody looked: those of a fork's parent.
        spent: Seconds so far, by what they went to.
    """
    arrays: dict[str, NDArray[Any]] = {}
    kept: dict[str, JsonValue] = {}
    for number, one in enumerate(subscriptions):
        if one.takes_part():
            kept_arrays = _asked(one)
            arrays |= {f"{_ARRAYS}{number}/{name}": array for name, array in kept_arrays.items()}
        kept[one.key] = {
            "number": number,
            "suspended": one.suspended,
            "suspended_at": one.suspended_at,
            "looked_s": one.looked_s,
            "measured_s": one.measured_s,
            "results": sorted(one.results),
        }
    return InsideMemory(
        {"last_step": last_step, "began_s": began_s, "spent": spent, "subscriptions": kept}, arrays
    )


def remember(subscriptions: Sequence[Subscription], resumed: Checkpoint | None) -> dict[str, JsonValue]:
    """Give the subscriptions their memory back.

    Returns: `last_step`, `began_s` and `spent` of `memory_of`; {} where nothing was looked at.
    """
    facts: dict[str, JsonValue] = (resumed.callbacks.get(CALLBACK) or {}) if resumed else {}
    if resumed is None or not facts:
        return {}
    for one in subscriptions:
        kept = facts["subscriptions"].get(one.key)
        if kept is not None:
            one.suspended, one.suspended_at = one.suspended or kept["suspended"], kept["suspended_at"]
            one.looked_s, one.measured_s = kept["looked_s"], kept["measured_s"]
            one.results.update(kept["results"])
            _give_back(one, f"{_ARRAYS}{kept['number']}/", resumed.arrays)
    return facts


def _asked(one: Subscription) -> dict[str, NDArray[Any]]:
    try:
        return dict(one.subscriber.memory())
    except Exception as error:
        one.suspend(f"its memory failed: {error!r}", None)
        return {}


def _give_back(one: Subscription, prefix: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    found = {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
    if not found:
        return
    try:
        one.subscriber.remember(found)
    except Exception as error:
        one.suspend(f"its memory could not be given back: {error!r}", None)
