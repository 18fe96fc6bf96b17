"""What the built-in metrics have in common."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.introspection.topics import TENSOR_TOPICS


class BuiltIn(Subscriber):
    """A subscriber of the catalogue."""

    name: ClassVar[str] = ""  # in the catalogue: "mean"
    summary: ClassVar[str] = ""  # first line of its docstring
    allowed: ClassVar[tuple[str, ...]] = TENSOR_TOPICS  # of `any_tensor`: the topics it can be had of
    default_epochs: ClassVar[int | None] = None  # every so many epochs unless said otherwise, being dear

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.summary = (inspect.getdoc(cls) or "").partition("\n")[0]


class OfOneTensor(BuiltIn):
    """Of any tensor, and all of it is worked out on the device: `reduce` gives the results as scalars by key."""

    any_tensor = True

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The scalars as they came."""
        return {key: float(value) for key, value in message.values.items()}


def only(values: Mapping[str, Any]) -> Any:
    """The value of the only topic. Raises: ValueError: There are several."""
    (value,) = values.values()
    return value
