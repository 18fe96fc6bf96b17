"""The activations, initializers, regularizers and constraints a model may name: exact lists, data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nntracker_ray.errors import did_you_mean
from nntracker_ray.models.values import (
    Check,
    RefusedError,
    axes,
    choice,
    integer,
    only,
    optional,
    real,
    shown,
    words,
)
from nntracker_ray.records import JsonValue

# Left out: glu (changes the shape), threshold (needs arguments).
ACTIVATIONS = (
    "linear",
    "relu",
    "sigmoid",
    "tanh",
    "softmax",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "exponential",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "hard_shrink",
    "leaky_relu",
    "relu6",
    "celu",
    "mish",
    "log_sigmoid",
    "log_softmax",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
)
_ACTIVATION_ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}
_FUNCTION_MODULES = (None, "keras.activations", "builtins")


class Argument(NamedTuple):
    """One constructor argument of an allowed object."""

    check: Check
    default: JsonValue


def activation(value: JsonValue) -> str:
    """The name of an allowed activation; None means linear."""
    if value is None:
        return "linear"
    name = _function_name(value) if isinstance(value, dict) else value
    if not isinstance(name, str):
        raise RefusedError(f"{shown(value)} is not the name of an activation")
    name = _ACTIVATION_ALIASES.get(name, name)
    if name not in ACTIVATIONS:
        raise RefusedError(
            f"unknown activation {shown(name)}; known: {words(ACTIVATIONS)}. {_near(name, ACTIVATIONS)}".rstrip()
        )
    return name


def _near(name: str, known: tuple[str, ...]) -> str:
    return did_you_mean(name[:100], known)


def _function_name(value: dict[str, JsonValue]) -> JsonValue:
    """Keras 3 writes a function as {"module", "class_name": "function", "config": name, "registered_name": name}."""
    name = value.get("config")
    plain = (
        value.get("class_name") == "function"
        and value.get("module") in _FUNCTION_MODULES
        and value.get("registered_name") in (None, name)
        and set(value) <= {"module", "class_name", "config", "registered_name"}
    )
    if not plain:
        raise RefusedError(
            f"{shown(value)} is not a plain activation; name one, or add an activation layer after this one"
        )
    return name


_SEED = Argument(optional(integer(0)), None)
_SPREAD = {"mean": Argument(real(), 0.0), "stddev": Argument(real(0.0), 0.05), "seed": _SEED}
_FAN = {"seed": _SEED, "input_axes": Argument(only(None), None), "output_axes": Argument(only(None), None)}
INITIALIZERS: dict[str, dict[str, Argument]] = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": Argument(real(), 0.0)},
    "Identity": {"gain": Argument(real(), 1.0)},
    "Orthogonal": {"gain": Argument(real(), 1.0), "seed": _SEED},
    "RandomNormal": _SPREAD,
    "TruncatedNormal": _SPREAD,
    "RandomUniform": {"minval": Argument(real(), -0.05), "maxval": Argument(real(), 0.05), "seed": _SEED},
    "VarianceScaling": {
        "scale": Argument(real(1e-12, 1e12), 1.0),
        "mode": Argument(choice("fan_in", "fan_out", "fan_avg"), "fan_in"),
        "distribution": Argument(
            choice("truncated_normal", "untruncated_normal", "uniform", "normal"), "truncated_normal"
        ),
        **_FAN,
    },
    **{f"{who}{how}": _FAN for who in ("Glorot", "He", "Lecun") for how in ("Normal", "Uniform")},
}
_INITIALIZER_ALIASES = {
    "uniform": "RandomUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "zero": "Zeros",
    "orthogonalinitializer": "Orthogonal",
    "identityinitializer": "Identity",
}

_STRENGTH = Argument(real(0.0), 0.01)
REGULARIZERS: dict[str, dict[str, Argument]] = {
    "L1": {"l1": _STRENGTH},
    "L2": {"l2": _STRENGTH},
    "L1L2": {"l1": Argument(real(0.0), 0.0), "l2": Argument(real(0.0), 0.0)},
}
_REGULARIZER_ALIASES = {"l1_l2": "L1L2"}

_AXIS = Argument(axes, 0)
CONSTRAINTS: dict[str, dict[str, Argument]] = {
    "MaxNorm": {"max_value": Argument(real(0.0), 2.0), "axis": _AXIS},
    "MinMaxNorm": {
        "min_value": Argument(real(0.0), 0.0),
        "max_value": Argument(real(0.0), 1.0),
        "rate": Argument(real(0.0, 1.0), 1.0),
        "axis": _AXIS,
    },
    "NonNeg": {},
    "UnitNorm": {"axis": _AXIS},
}
_DROPPED = ("dtype", "name", "shared_object_id")  # written by some Keras 2 versions, without meaning here


def _object(
    kind: str,
    module: str,
    allowed: Mapping[str, Mapping[str, Argument]],
    aliases: Mapping[str, str],
) -> Check:
    """Checker of an object given by name or as {"class_name", "config"}; rebuilds the Keras 3 form."""
    names = {name.lower(): name for name in allowed} | {
        name.replace("_", ""): aliases[name] for name in aliases
    }

    def check(value: JsonValue) -> dict[str, JsonValue]:
        given = {"class_name": value} if isinstance(value, str) else value
        if not isinstance(given, dict):
            raise RefusedError(f"{shown(value)} names no {kind}")
        class_name = _class_name(kind, module, given, names)
        config = given.get("config", {})
        if not isinstance(config, dict):
            raise RefusedError(f"config of {kind} {class_name}: {shown(config)} is not an object")
        arguments = _arguments(f"{kind} {class_name}", config, allowed[class_name])
        return {
            "module": f"keras.{module}",
            "class_name": class_name,
            "config": arguments,
            "registered_name": None,
        }

    return check


def _class_name(kind: str, module: str, given: Mapping[str, JsonValue], names: Mapping[str, str]) -> str:
    name = given.get("class_name")
    if not isinstance(name, str) or name.replace("_", "").lower() not in names:
        known = tuple(dict.fromkeys(names.values()))
        hint = _near(name, known) if isinstance(name, str) else ""
        raise RefusedError(f"unknown {kind} {shown(name)}; known: {', '.join(known)}. {hint}".rstrip())
    extra = set(given) - {
        "module",
        "class_name",
        "config",
        "registered_name",
        "shared_object_id",
        "build_config",
    }
    if extra:
        raise RefusedError(f"{kind} {name}: unexpected key {shown(sorted(extra)[0])}")
    if given.get("module") not in (None, f"keras.{module}", f"tf_keras.{module}"):
        raise RefusedError(
            f"{kind} {name} from module {shown(given['module'])}; only keras.{module} is allowed"
        )
    if given.get("registered_name") not in (None, name):
        raise RefusedError(
            f"{kind} {name} with registered_name {shown(given['registered_name'])}; only null is allowed"
        )
    return names[name.replace("_", "").lower()]


def _arguments(
    what: str, config: Mapping[str, JsonValue], allowed: Mapping[str, Argument]
) -> dict[str, JsonValue]:
    for key in config:
        if key not in allowed and key not in _DROPPED:
            raise RefusedError(f"{what} has no argument {shown(key)}; known: {', '.join(allowed) or 'none'}")
    found = {}
    for key, argument in allowed.items():
        try:
            found[key] = argument.check(config[key]) if key in config else argument.default
        except RefusedError as refused:
            raise RefusedError(f"{key} of {what}: {refused}") from None
    return found


initializer = _object("initializer", "initializers", INITIALIZERS, _INITIALIZER_ALIASES)
regularizer = optional(_object("regularizer", "regularizers", REGULARIZERS, _REGULARIZER_ALIASES))
constraint = optional(_object("constraint", "constraints", CONSTRAINTS, {}))
