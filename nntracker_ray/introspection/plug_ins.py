"""Metrics that others have installed: entry points of one group, loaded once, never trusted to load."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from nntracker_ray.introspection.arguments import arguments_of, complaints_about
from nntracker_ray.introspection.subscriber import Subscriber

GROUP = "nntracker_ray.subscribers"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class PlugIn:
    """One entry point, and what became of it."""

    name: str
    package: str  # distribution and its version: "own-metric 0.1"
    kind: type[Subscriber] | None  # None: unusable
    why: str = ""  # it is unusable


def plug_ins(taken: Mapping[str, str]) -> tuple[PlugIn, ...]:
    """Every plug-in that is installed, usable or not, in the order of names.

    Args:
        taken: Names that mean something already -> what.
    """
    found: dict[str, PlugIn] = {}
    unusable: list[PlugIn] = []
    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, _package(one))):
        earlier = {name: f"the metric of {plug_in.package}" for name, plug_in in found.items()}
        plug_in = _loaded(point, {**taken, **earlier})
        if plug_in.kind is None:
            unusable.append(plug_in)
        else:
            found[plug_in.name] = plug_in
    return (*found.values(), *unusable)


def _loaded(point: EntryPoint, taken: Mapping[str, str]) -> PlugIn:
    package = _package(point)
    if why := _name_trouble(point.name, taken):
        return PlugIn(point.name, package, None, why)
    try:
        kind = point.load()
        why = next(_troubles(kind), "")
    except (Exception, SystemExit) as error:  # nobody else's training may break over it
        return PlugIn(point.name, package, None, f"{type(error).__name__}: {error}")
    return PlugIn(point.name, package, None if why else kind, why)


def _name_trouble(name: str, taken: Mapping[str, str]) -> str:
    if name in taken:
        return f"{name!r} is {taken[name]} already; give the entry point another name"
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name; use small letters, digits and _, a letter first, 64 at most"
    return ""


def _troubles(kind: object) -> Iterator[str]:
    """Why this cannot be a metric, if so."""
    if not (isinstance(kind, type) and issubclass(kind, Subscriber)):
        yield f"{kind!r} is no subclass of nntracker_ray.introspection.Subscriber"
        return
    if inspect.isabstract(kind):
        yield f"{kind.__name__} does not define {', '.join(sorted(kind.__abstractmethods__))}"
        return
    if not any(one.is_required for one in arguments_of(kind)):
        yield from (why for _, why in complaints_about(kind, {}))
    if not all(isinstance(topic, str) for topic in kind.topics):
        yield f"topics of {kind.__name__} are not all text"


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
