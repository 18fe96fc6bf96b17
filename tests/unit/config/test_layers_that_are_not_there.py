"""Patterns that choose layers name layers of the model; one that names none is a slip that no run would tell."""

from __future__ import annotations

import pytest

from nntracker_ray.config import read_config
from nntracker_ray.config.layers import MOST_LISTED, layer_problems
from nntracker_ray.models import parse_model
from tests.unit.models.model_parts import dense, layer, sequential, source, stack

FLAT = parse_model(stack(dense("dense_1"), dense("dense_2")))
PARTED = parse_model(
    stack(
        layer(
            "Bidirectional",
            "both",
            layer=layer("LSTM", "memory", units=2),
            backward_layer=layer("LSTM", "back", units=2, go_backwards=True),
        ),
        sequential("inner", source(4), dense("last")),
        shape=(3, 4),
    )
)


def problems(minimal, catalog, model, **changes):
    config = read_config(minimal | changes, catalog=catalog)
    return {problem.path: problem.message for problem in layer_problems(config, model)}


def test_patterns_that_name_a_layer_are_taken(minimal, catalog):
    """Presets, metrics without patterns and captures of everything need none."""
    looks = ["basic", "svcca", {"metric": "mean", "layers": ["dense_1", "*_2", "d?nse_[12]"]}]

    assert problems(minimal, catalog, FLAT, introspection=looks) == {}
    assert problems(minimal, catalog, FLAT, capture={"layers": ["dense*"]}) == {}


@pytest.mark.parametrize("pattern", ["both", "both/*", "both/*memory", "inner/last", "*/last", "inner/*"])
def test_layers_within_layers_are_named_by_their_place(minimal, catalog, pattern):
    """A wrapper has activations of its own; its weights are those of the layers within."""
    looks = [{"metric": "mean", "layers": [pattern]}]

    assert problems(minimal, catalog, PARTED, introspection=looks, capture={"layers": [pattern]}) == {}


def test_each_pattern_that_names_nothing_has_its_place(minimal, catalog):
    """All of them are told at once, with the layers that there are."""
    looks = [
        "basic",
        {"metric": "mean", "layers": ["dense_1", "dens_2"]},
        {"metric": "norm", "layers": "Dense*"},
    ]

    found = problems(minimal, catalog, FLAT, introspection=looks, capture={"layers": ["conv*"]})

    layers = "The model's layers: dense_1, dense_2"
    assert found == {
        "capture.layers[0]": f"no layer is named 'conv*'. {layers}",
        "introspection[1].layers[1]": f"no layer is named 'dens_2'. Did you mean 'dense_2'? {layers}",
        "introspection[2].layers[0]": f"no layer is named 'Dense*'. {layers}",
    }


def test_of_many_layers_the_first_are_listed(minimal, catalog):
    """A ResNet has hundreds."""
    deep = parse_model(stack(*(dense(f"d{number}") for number in range(MOST_LISTED + 3))))

    (message,) = problems(minimal, catalog, deep, capture={"layers": ["conv"]}).values()

    assert message.endswith("d10, d11 and 3 more")
