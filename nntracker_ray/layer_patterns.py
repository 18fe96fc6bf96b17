"""Glob patterns that choose layers by their qualified names: "conv*" has "conv1", "*/dense" has "inner/dense"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def is_named(layer: str, patterns: Sequence[str]) -> bool:
    """Whether any of the patterns names this layer; capitals count."""
    return any(fnmatchcase(layer, pattern) for pattern in patterns)


def with_wrappers(layers: Iterable[str]) -> list[str]:
    """The layers and what they lie in: "both/forward" is in "both", a layer that has outputs of its own.

    A nested model is among them too, though nothing is recorded under its name alone.
    """
    names = dict[str, None]()
    for layer in layers:
        parts = layer.split("/")
        names |= dict.fromkeys("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return list(names)
