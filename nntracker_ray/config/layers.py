"""Whether the layers that an experiment chooses are there in its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.introspection import KEY, ObservedConfig
from nntracker_ray.config.problems import join
from nntracker_ray.errors import Problem, did_you_mean
from nntracker_ray.layer_patterns import is_named, with_wrappers
from nntracker_ray.models.schema import ModelDescription

MOST_LISTED: Final = 12  # layers that a message names


def layer_problems(config: ExperimentConfig, model: ModelDescription) -> list[Problem]:
    """The patterns that name no layer: what was asked for would silently be missing from every run."""
    known = with_wrappers(layer.name for layer in model.layers)
    return [
        Problem(place, _message(pattern, known))
        for place, pattern in _patterns(config)
        if not any(is_named(layer, [pattern]) for layer in known)
    ]


def _patterns(config: ExperimentConfig) -> Iterator[tuple[str, str]]:
    chosen = [("capture.layers", config.capture.layers)]
    chosen += [
        (join(join(KEY, index), "layers"), look.layers)
        for index, look in enumerate(config.introspection)
        if isinstance(look, ObservedConfig)
    ]
    for place, patterns in chosen:
        yield from ((join(place, index), pattern) for index, pattern in enumerate(patterns) if pattern != "*")


def _message(pattern: str, known: Sequence[str]) -> str:
    listed = ", ".join(known[:MOST_LISTED])
    more = f" and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
    near = "" if set(pattern) & set("*?[") else did_you_mean(pattern, known)
    return f"no layer is named {pattern!r}. {near}{' ' if near else ''}The model's layers: {listed}{more}"
