"""Who records what: a series has one maker."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.records import MetricArray, MetricPoint

_Way: TypeAlias = tuple[str, tuple[str, ...], str]  # metric, topics, arguments


class Makers:
    """The makers of all series of a run.

    Two that measure in different ways, histograms of 10 and of 30 bins, would overwrite each other where they record
    under one name. Twice the same way is no harm: it gives the same numbers.
    """

    def __init__(self) -> None:
        self._ways: dict[tuple[str, str, str], _Way] = {}

    def claim(self, subscription: Subscription, records: Iterable[MetricPoint | MetricArray]) -> None:
        """Let the subscription record these series. Raises: BadInputError: One of them is another's."""
        observed = subscription.observed
        way = (observed.metric, subscription.topics, json.dumps(observed.conf, sort_keys=True))
        for record in records:
            series = (record.metric, record.layer, record.tensor)
            if self._ways.setdefault(series, way) != way:
                metric, _, conf = self._ways[series]
                raise BadInputError(
                    f"{record.metric} of {record.layer or 'the step'} is recorded already, by {metric!r} with conf "
                    f"{conf}; take one of the two, or keep their layers apart"
                )
