"""Configuration keys that many layers share, and how a row of the allow-list is put together.

Defaults are those of Keras 3 and are compared with Keras by a test. Keys of Keras 2 that mean nothing
any more are listed with the values under which dropping them changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntracker_ray.models.functions import constraint, initializer, regularizer
from nntracker_ray.models.kinds import Key, LayerKind, Rule
from nntracker_ray.models.values import (
    Check,
    anything,
    boolean,
    choice,
    integer,
    only,
    optional,
    real,
)

Keys = Mapping[str, Key]
FLOATS = ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
INPUT_TYPES = (
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "bool",
)

COMMON: Keys = {
    "trainable": Key(boolean, True),
    "dtype": Key(choice(*FLOATS), "float32"),
}
COMMON_OLD: Mapping[str, Check] = {
    "batch_input_shape": anything,  # read by the reader where it counts, on the first layer
    "batch_shape": anything,
    "input_dtype": anything,
    "dynamic": only(False),
    "autocast": only(True, None),
    "quantization_config": only(None),
    "lora_rank": only(None),
    "lora_alpha": only(None),
}

POSITIVE = integer(1)
SEED = optional(integer(0))
RATE = real(0.0, 1.0)
RATE_BELOW_1 = real(0.0, 0.999999)
_formats = choice("channels_last", "channels_first")
FORMAT = Key(lambda value: "channels_last" if value is None else _formats(value), "channels_last")


def initial_key(name: str) -> Key:
    """Key of an initializer with its default."""
    return Key(initializer, initializer(name))


def array(name: str, initial: str) -> Keys:
    """The three keys that go with one weight array."""
    return {
        f"{name}_initializer": initial_key(initial),
        f"{name}_regularizer": Key(regularizer, None),
        f"{name}_constraint": Key(constraint, None),
    }


KERNEL: Keys = {**array("kernel", "glorot_uniform")}
BIAS: Keys = {"use_bias": Key(boolean, True), **array("bias", "zeros")}
ACTIVITY: Keys = {"activity_regularizer": Key(regularizer, None)}


SEEDED: Keys = {"seed": Key(SEED, None)}
NO_NOISE: Keys = {"noise_shape": Key(only(None), None)}


def kind_of(name: str, rule: Rule, *keys: Keys, **more: Any) -> LayerKind:
    """One row: the keys all layers share, then those given; `old` names keys of earlier versions."""
    own: dict[str, Key] = {}
    for group in (COMMON, *keys):
        own |= group
    return LayerKind(name, own, rule, {**COMMON_OLD, **more.pop("old", {})}, **more)
