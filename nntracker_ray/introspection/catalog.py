"""Which metrics there are: the built-in ones, and plug-ins of the entry-point group `nntracker_ray.subscribers`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock

from nntracker_ray.errors import BadInputError, ConfigError, Problem, did_you_mean
from nntracker_ray.introspection.arguments import Argument, arguments_of, complaints_about, constructed
from nntracker_ray.introspection.plug_ins import PlugIn, plug_ins
from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.introspection.topics import BUILT_IN as TOPICS
from nntracker_ray.introspection.topics import TENSOR_TOPICS
from nntracker_ray.records import JsonValue, Observed

OURS = "nntracker-ray"
EVERY = 100  # steps from look to look, for metrics that say nothing else
PRESET_NAMES = ("basic", "gradients", "everything")


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """One metric, as users choose it."""

    name: str
    kind: type[Subscriber]
    package: str  # distribution it comes from

    @property
    def description(self) -> str:
        """All that its author says of it: formula, unit, source."""
        return inspect.cleandoc(self.kind.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of that."""
        return self.description.partition("\n")[0]

    @property
    def any_tensor(self) -> bool:
        """Whether users choose its topics."""
        return self.kind.any_tensor

    @property
    def topics(self) -> tuple[str, ...]:
        """What it listens to when nobody says otherwise; () where its arguments must say."""
        return _own_topics(self.kind) or (self.allowed[:1] if self.any_tensor else ())

    @property
    def allowed(self) -> tuple[str, ...]:
        """The topics of which any can be chosen, each for itself; () where it is not of any tensor."""
        if not self.any_tensor:
            return ()
        return tuple(str(topic) for topic in getattr(self.kind, "allowed", ()) or TENSOR_TOPICS)

    @property
    def takes_topics(self) -> bool:
        """Whether its topics are chosen together: an argument of its constructor."""
        return not self.any_tensor and any(one.name == "topics" for one in self.arguments)

    @property
    def default_epochs(self) -> int | None:
        """Looks are at the last step of each so many epochs; None: every hundredth step."""
        return getattr(self.kind, "default_epochs", None)

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of ours."""
        return self.package == OURS

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """What can stand under `conf`."""
        return arguments_of(self.kind)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every metric by name, and the plug-ins that cannot be used."""

    metrics: Mapping[str, MetricInfo]
    unusable: tuple[PlugIn, ...] = ()

    def find(self, name: str) -> MetricInfo:
        """The metric of this name. Raises: BadInputError: There is none; names the nearest."""
        if name in self.metrics:
            return self.metrics[name]
        if broken := next((one for one in self.unusable if one.name == name), None):
            # Why it is unusable may tell of the machine's folders; that is for those who can look there.
            raise BadInputError(
                f"unknown metric {name!r}: the plug-in of {broken.package} is unusable; `nntracker metrics` says why"
            )
        known = sorted(self.metrics)
        hint = did_you_mean(name[:60], [*known, *PRESET_NAMES]) or f"Known: {', '.join(known)}"
        raise BadInputError(f"unknown metric {name[:60]!r}. {hint}")

    def topics_of(self, observed: Observed) -> tuple[str, ...]:
        """What it listens to, all subscribers together; () where it cannot be had here."""
        if self.problems(observed):
            return ()
        return tuple(str(topic) for one in self.subscribers_of(observed) for topic in one.topics)

    def problems(self, observed: Observed) -> tuple[Problem, ...]:
        """Everything that is wrong with what is asked for, with its place in it."""
        try:
            info = self.find(observed.metric)
        except BadInputError as error:
            return (Problem("metric", str(error)),)
        return (*_topic_problems(info, observed), *_conf_problems(info, observed))

    def subscribers_of(self, observed: Observed) -> list[Subscriber]:
        """Those who listen: one for each topic, where a metric is of any tensor.

        Raises: ConfigError: What is asked for cannot be had.
        """
        if problems := self.problems(observed):
            raise ConfigError(problems, f"introspection metric {observed.metric!r}")
        info = self.metrics[observed.metric]
        if not info.any_tensor:
            return [constructed(info.kind, _given(info, observed))]
        return [_on_topic(info, observed.conf, topic) for topic in observed.topics or info.topics]


def _on_topic(info: MetricInfo, conf: Mapping[str, JsonValue], topic: str) -> Subscriber:
    subscriber = constructed(info.kind, conf)
    subscriber.topics = (topic,)
    return subscriber


def _given(info: MetricInfo, observed: Observed) -> dict[str, JsonValue]:
    """The arguments; topics that are chosen together are one of them."""
    topics = {"topics": list(observed.topics)} if info.takes_topics and observed.topics else {}
    return {**observed.conf, **topics}


def _topic_problems(info: MetricInfo, observed: Observed) -> Iterator[Problem]:
    if info.takes_topics and observed.topics and "topics" in observed.conf:
        yield Problem("conf.topics", "'topics' stands beside 'metric' too; keep one of the two")
    if info.takes_topics:
        return
    for index, topic in enumerate(observed.topics):
        if why := _topic_trouble(info, topic):
            yield Problem(f"topics[{index}]", why)


def _topic_trouble(info: MetricInfo, topic: str) -> str:
    if not info.any_tensor:
        own = ", ".join(info.topics) or "what its arguments say"
        return "" if topic in info.topics else f"{info.name!r} listens to {own}; leave 'topics' out"
    if topic in info.allowed:
        return ""
    what = "is not for this metric" if topic in TOPICS else "is no topic"
    hint = did_you_mean(topic[:60], info.allowed)
    return f"{topic[:60]!r} {what}; allowed: {', '.join(info.allowed)}. {hint}".rstrip()


def _conf_problems(info: MetricInfo, observed: Observed) -> Iterator[Problem]:
    for argument, why in complaints_about(info.kind, _given(info, observed)):
        if argument == "topics" and observed.topics:
            yield Problem("topics", why)
        else:
            yield Problem(f"conf.{argument}" if argument else "conf", why)


@cache
def _own_topics(kind: type[Subscriber]) -> tuple[str, ...]:
    """Of the class, or else of an instance without arguments."""
    if kind.topics or any(one.is_required for one in arguments_of(kind)):
        return tuple(str(topic) for topic in kind.topics)
    return tuple(str(topic) for topic in kind().topics)


_loading = Lock()


def known_metrics() -> Catalog:
    """The catalogue of this process. Plug-ins are loaded once; one installed later needs a new process."""
    with _loading:  # two who ask first must not load everything twice
        return _known()


@cache
def _known() -> Catalog:
    return read_metrics()


def read_metrics() -> Catalog:
    """Built-in metrics and whatever is installed now."""
    from nntracker_ray.introspection.metrics import BUILT_IN

    metrics = {name: MetricInfo(name, kind, OURS) for name, kind in sorted(BUILT_IN.items())}
    taken = {**dict.fromkeys(PRESET_NAMES, "a preset"), **dict.fromkeys(metrics, "a built-in metric")}
    found = plug_ins(taken)
    usable = {one.name: MetricInfo(one.name, one.kind, one.package) for one in found if one.kind is not None}
    return Catalog(metrics | usable, tuple(one for one in found if one.kind is None))


def forget_metrics() -> None:
    """Look for plug-ins again at the next question."""
    _known.cache_clear()
