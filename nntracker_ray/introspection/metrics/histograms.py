"""How the values of a tensor are spread over their range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntracker_ray.histograms import MOST_BINS
from nntracker_ray.introspection.messages import Histogram, Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn, only


class ValueHistogram(BuiltIn):
    """How many values lie in each of equal bins from the least to the greatest.

    Formula: bin i counts edge_i <= x < edge_i+1, the last one its upper edge as well. Values that are not finite lie
    in no bin: their number is recorded as "histogram_not_finite" when there are any. Where all values are alike the
    range is 1 % around them, or -1 to 1 around 0 and where there are none.
    Source: `numpy.histogram`, which counts the same.
    """

    name = "histogram"
    any_tensor = True

    def __init__(self, *, bins: int = 30) -> None:
        self.bins = conf.whole("bins", bins, 1, MOST_BINS)

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """Counts, edges, and how many are in no bin."""
        return ops.value_counts(only(values), self.bins)  # type: ignore[no-any-return]

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The histogram, and how many values are missing from it if there are any."""
        found: dict[str, Value] = {"histogram": Histogram(message.values["counts"], message.values["edges"])}
        if message.values["not_finite"] > 0:
            found["histogram_not_finite"] = float(message.values["not_finite"])
        return found
