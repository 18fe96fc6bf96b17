"""The kinds of pictures of the inside of a run, and what each can show."""

from __future__ import annotations

from enum import StrEnum


class Picture(StrEnum):
    """How the inside of a run is drawn."""

    HEAT = "heat"  # layer x epoch or step
    LINES = "lines"  # one for each layer
    RATIO = "ratio"  # of updates to weights, with its target
    HISTOGRAM = "histogram"  # of one array, from look to look
    SIMILARITY = "similarity"  # of a layer with itself at other looks

    @property
    def is_of_one(self) -> bool:
        """Whether it shows one array or layer, and not all of them."""
        return self in (Picture.HISTOGRAM, Picture.SIMILARITY)

    def fits(self, metric: str, layer: str, kind: str) -> bool:
        """Whether it can show a series.

        Args:
            layer: "" for a metric of the step as a whole.
            kind: "scalar", "array" or "histogram".
        """
        if kind != {Picture.HISTOGRAM: "histogram", Picture.SIMILARITY: "array"}.get(self, "scalar"):
            return False
        topic, _, key = metric.rpartition("/")
        if self is Picture.RATIO:
            return layer != "" and (key == "update_ratio" or (key == "ratio" and topic.endswith("_updates")))
        return self is not Picture.SIMILARITY or key == "svcca"

    def rank(self, metric: str, layer: str) -> tuple[bool, bool, str]:
        """What to sort series by: the one that is shown when nobody says which comes first."""
        return layer == "", self is Picture.RATIO and not metric.endswith("/update_ratio"), metric
