"""Layers stand as the model has them, also those of models within models."""

from __future__ import annotations

import pytest

from nntracker_ray.storage.layer_order import merged, place_key


@pytest.mark.parametrize(
    ("summary", "captured", "expected"),
    [
        (["input", "dense"], [], ["input", "dense"]),
        ([], ["kernels", "norms"], ["kernels", "norms"]),
        (
            ["input", "encoder", "dense"],
            ["conv", "norm", "dense"],
            ["input", "encoder", "conv", "norm", "dense"],
        ),
        (["encoder"], ["conv"], ["encoder", "conv"]),
        (["b", "a"], ["a", "b"], ["a", "b"]),
        ([], [], []),
    ],
    ids=["no captures", "no summary", "a model within", "only a model within", "at odds", "nothing"],
)
def test_both_lists_make_one_order(summary: list[str], captured: list[str], expected: list[str]):
    """The summary has layers without arrays, captures have those of inner models: neither has them all."""
    assert merged(summary, captured) == expected


def test_layers_that_the_model_does_not_tell_of_come_last():
    """A plug-in may name what it likes; what concerns the step as a whole comes first."""
    places = {"zeta": 0, "alpha": 1}

    names = sorted(["own", "alpha", "", "mine", "zeta"], key=lambda name: place_key(name, places))

    assert names == ["", "zeta", "alpha", "mine", "own"]
