"""Named sets of metrics, for people who do not want to choose. Built-in metrics only: the same on every machine.

- "basic": is the training healthy? Sizes and spreads of what is in each layer, how much of it is off, how fast it
  moves. Reductions of one number each, so that it can stay on in every run (about 3 % of the time of small networks).
- "gradients": why does it learn badly? What reaches each layer, whether successive steps agree, how much of a gradient
  is noise, and its distribution.
- "everything": all built-in metrics on all topics that they are for, for a short run that is to be understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nntracker_ray.introspection.catalog import EVERY, Catalog, MetricInfo
from nntracker_ray.introspection.topics import Topic
from nntracker_ray.records import Observed

NEEDS_TEST = frozenset({"test_accuracy"})  # metrics that are nothing without a test set
STATES = (Topic.WEIGHTS, Topic.BIASES)
GRADIENTS = (Topic.WEIGHT_GRADIENTS, Topic.BIAS_GRADIENTS)


@dataclass(frozen=True, slots=True)
class Preset:
    """A name for several metrics."""

    name: str
    summary: str
    metrics: tuple[Observed, ...]  # cadence and topics spelled out; layers and limits as for single ones


def _of(metric: str, *topics: str, every: int = EVERY) -> Observed:
    return Observed(metric, topics=tuple(map(str, topics)), every=every)


BASIC = Preset(
    "basic",
    "sizes, spreads, units that are off and the speed of weights, every 100 steps; cheap enough for every run",
    (
        # Mean and variance show drift and saturation, the norm explosion and decay.
        *(_of(metric, *STATES, *GRADIENTS, Topic.ACTIVATIONS) for metric in ("mean", "variance", "norm")),
        _of("zero_share", Topic.ACTIVATIONS),  # dead ReLUs
        _of("ratio", Topic.WEIGHT_UPDATES, Topic.WEIGHTS),  # near 1e-3 where the learning rate fits
    ),
)
GRADIENT_FLOW = Preset(
    "gradients",
    "what reaches each layer, whether gradients agree, how noisy they are, and their histograms",
    (
        _of("norm", *GRADIENTS, Topic.LAYER_GRADIENTS),  # vanishing and exploding, layer by layer
        _of("gradient_cosine", Topic.WEIGHT_GRADIENTS),  # near 1 it goes straight on, below 0 it swings
        _of("gradient_noise_scale"),  # whether a larger batch would help
        _of("ratio", Topic.WEIGHT_UPDATES, Topic.WEIGHTS),
        _of("histogram", *GRADIENTS, every=5 * EVERY),  # a picture needs fewer looks than a curve
    ),
)
# Where "everything" would be more than anybody can read: singular values of what is no matrix of a layer's, and probes,
# which are the activations once more.
_ENOUGH: Mapping[str, tuple[Topic, ...]] = {
    "spectral_norm": (Topic.WEIGHTS, Topic.WEIGHT_GRADIENTS, Topic.WEIGHT_UPDATES),
    "condition_number": (Topic.WEIGHTS,),
}
_LEFT_OUT = (Topic.PROBE_ACTIVATIONS,)
_OVER_LAYERS = tuple(f"{topic}/norm" for topic in (Topic.WEIGHTS, *GRADIENTS, Topic.ACTIVATIONS))


def presets(catalog: Catalog) -> Mapping[str, Preset]:
    """Every preset by name; "everything" is what the catalogue has."""
    ours = [info for info in catalog.metrics.values() if info.is_built_in]
    everything = Preset(
        "everything",
        "all built-in metrics on all their topics, the expensive ones once an epoch; for short runs",
        tuple(filled(_everywhere(info), info) for info in ours),
    )
    return {preset.name: preset for preset in (BASIC, GRADIENT_FLOW, everything)}


def _everywhere(info: MetricInfo) -> Observed:
    topics = _ENOUGH.get(info.name, tuple(topic for topic in info.allowed if topic not in _LEFT_OUT))
    conf = {"of": list(_OVER_LAYERS)} if info.name == "mean_over_layers" else {}
    observed = Observed(info.name, conf, tuple(map(str, topics)), every=None)
    # Who asks for everything would wonder where the expensive ones have gone.
    return observed if info.default_epochs is None else replace(observed, budget=1.0)


def filled(observed: Observed, info: MetricInfo | None) -> Observed:
    """The same with the metric's own topics and cadence where none are given."""
    epochs, every = observed.every_epochs, observed.every
    if epochs is None and every is None:
        epochs = info.default_epochs if info else None
        every = EVERY if epochs is None else None
    topics = observed.topics
    if info and (info.any_tensor or (info.takes_topics and "topics" not in observed.conf)):
        topics = topics or info.topics
    return replace(observed, topics=topics, every=every, every_epochs=epochs)


def merged(
    chosen: Iterable[Observed], of_presets: Iterable[Observed], catalog: Catalog
) -> tuple[Observed, ...]:
    """Everything once: what somebody has chosen stands before what presets say of the same.

    Args:
        chosen: Single metrics. One for all layers takes the place of the presets' for the same topics.
        of_presets: Of all presets together; the first of equals counts.
    """
    kept = list(chosen)
    said = {place for one in kept if one.layers == ("*",) for place in places(one, catalog)}
    for one in of_presets:
        new = [place for place in places(one, catalog) if place not in said]
        if new:
            kept.append(replace(one, topics=tuple(topic for _, topics in new for topic in topics)))
        said.update(new)
    return tuple(kept)


def places(observed: Observed, catalog: Catalog) -> list[tuple[str, tuple[str, ...]]]:
    """A metric of any tensor is one thing for each topic, any other one for all of them together."""
    info = catalog.metrics.get(observed.metric)
    if info is not None and info.any_tensor:
        return [(observed.metric, (topic,)) for topic in observed.topics]
    return [(observed.metric, observed.topics)]
