"""One subscriber of one run: what it is due for, what it has cost, and whether it still takes part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.introspection.topics import BUILT_IN, MARKERS, Topic
from nntracker_ray.layer_patterns import is_named
from nntracker_ray.records import JsonValue, Observed

_UPDATES = frozenset({Topic.WEIGHT_UPDATES, Topic.BIAS_UPDATES})


def impossible(topics: Sequence[str], *, gathers: bool) -> str | None:
    """Why nobody can listen to all of these at once; None: one can."""
    if not topics:
        return "it listens to no topic"
    if Topic.LOSS_SURFACE in topics and len(topics) > 1:
        return "the loss surface is asked alone; listen to the rest with another subscriber"
    markers = [topic for topic in topics if topic in MARKERS]
    if markers and len(markers) < len(topics):
        return f"{markers[0]} is a marker and brings no tensor; listen to markers alone"
    if gathers and (direct := [topic for topic in topics if topic in BUILT_IN]):
        return f"{direct[0]} cannot be gathered: what other subscribers publish can, {direct[0]}/mean for one"
    return None


@dataclass(slots=True, eq=False)
class Subscription:
    """A subscriber, as one run has it."""

    observed: Observed
    subscriber: Subscriber
    suspended: str | None = None  # why it takes no part any more
    suspended_at: int | None = None  # step
    looked_s: float = 0.0  # its part of the looks on the training's thread, compiling left out
    measured_s: float = 0.0  # beside the training
    results: set[str] = field(default_factory=set)  # names of what it has recorded

    @property
    def key(self) -> str:
        """What tells it from the others of the run, also in another attempt."""
        return json.dumps([asdict(self.observed), list(self.topics)], sort_keys=True)

    @property
    def spent_s(self) -> float:
        """What it has taken in all."""
        return self.looked_s + self.measured_s

    @property
    def topics(self) -> tuple[str, ...]:
        """All that it listens to."""
        return tuple(str(topic) for topic in self.subscriber.topics)

    @property
    def traced(self) -> tuple[str, ...]:
        """Topics whose tensors its `reduce` gets in the compiled look."""
        return tuple(t for t in self.topics if t in BUILT_IN and t not in MARKERS and t != Topic.LOSS_SURFACE)

    @property
    def markers(self) -> tuple[str, ...]:
        """Markers that must be there."""
        return tuple(topic for topic in self.topics if topic in MARKERS)

    @property
    def others(self) -> tuple[str, ...]:
        """Topics that other subscribers publish."""
        return tuple(topic for topic in self.topics if topic not in BUILT_IN)

    @property
    def asks_surface(self) -> bool:
        """Whether its `reduce` is called on the training's thread with the loss itself."""
        return Topic.LOSS_SURFACE in self.topics

    @property
    def needs_updates(self) -> bool:
        """Whether it can be served only after the step."""
        return bool(_UPDATES.intersection(self.topics))

    def __post_init__(self) -> None:
        if (why := impossible(self.topics, gathers=self.subscriber.gathers)) is not None:
            self.suspend(why, None)

    def takes_part(self) -> bool:
        """Whether it is not suspended."""
        return self.suspended is None

    def wants(self, layer: str) -> bool:
        """Whether a layer is one of those that it looks at."""
        return is_named(layer, self.observed.layers)

    def suspend(self, why: str, step: int | None) -> None:
        """Let it take no part any more; the first reason stays."""
        if self.suspended is None:
            self.suspended, self.suspended_at = why, step

    def described(self) -> dict[str, JsonValue]:
        """For people, as a part of the fact `introspection`."""
        observed = self.observed
        return {
            "metric": observed.metric,
            "topics": list(self.topics),
            "every": None if observed.every_epochs else observed.every,
            "every_epochs": observed.every_epochs,
            "layers": list(observed.layers),
            "conf": observed.conf,
            "results": sorted(self.results),
        }
