"""What travels from a training to its subscribers, and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stamp:
    """The step that produced a message."""

    epoch: int  # 0-based, as Keras counts
    step: int  # 1 for the first update of the run: its gradients, and the weights before it
    measured_at: datetime  # UTC


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """Everything that a subscriber has asked for of one array, one call or one step, together."""

    stamp: Stamp
    values: Mapping[str, Any]  # what `Subscriber.reduce` gave, as NumPy; by default one array for each topic
    layer: str = ""  # "dense_4"; "" for what concerns the step as a whole
    tensor: str = ""  # "kernel", "bias", ...; of calls "" for the first, "1" for the second
    layer_index: int = -1  # place of the layer in the model, 0-based

    @property
    def value(self) -> Any:
        """The only value there is. Raises: ValueError: There are several."""
        (value,) = self.values.values()
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How many values lie between two edges each."""

    counts: NDArray[np.int64]  # (bins,)
    edges: NDArray[np.float64]  # ascending, (bins + 1,)


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """A result that is not recorded but becomes a topic of its own, under its key, for other subscribers."""

    value: Any  # NumPy


# A number, a histogram, an array (at most 1 MiB), or a message to others.
Value: TypeAlias = float | Histogram | NDArray[Any] | Published
