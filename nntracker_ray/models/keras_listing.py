"""Reads from Keras which optimizers, losses and metrics there are, and what their constructors take.

Run as a program it prints the listing as JSON: the caller then needs no TensorFlow of its own.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from nntracker_ray.records import JsonValue

KINDS = ("optimizers", "losses", "metrics")


def offered_classes(kind: str) -> dict[str, type]:
    """Usable classes by name. Bases, wrappers and metrics that do not take (y_true, y_pred) are left out."""
    import keras

    module, usable = {
        "optimizers": (keras.optimizers, _is_optimizer),
        "losses": (keras.losses, _is_loss),
        "metrics": (keras.metrics, _is_metric),
    }[kind]
    return {cls.__name__: cls for cls in _public_classes(module) if usable(cls)}


def keras_listing() -> dict[str, dict[str, JsonValue]]:
    """{"optimizers": {"Adam": {"required": [], "optional": {"beta_1": 0.9, ...}}, ...}, ...}."""
    return {kind: {name: arguments_of(cls) for name, cls in offered_classes(kind).items()} for kind in KINDS}


def _public_classes(module: ModuleType) -> Iterator[type]:
    for name in sorted(vars(module)):
        value = getattr(module, name)
        if not name.startswith("_") and inspect.isclass(value) and value.__name__ == name:
            yield value


def _is_optimizer(cls: type) -> bool:
    import keras

    return issubclass(cls, keras.optimizers.Optimizer) and "learning_rate" in _parameters(_constructor(cls))


def _is_loss(cls: type) -> bool:
    import keras

    return issubclass(cls, keras.losses.Loss) and cls is not keras.losses.Loss


def _is_metric(cls: Any) -> bool:
    import keras

    if not issubclass(cls, keras.metrics.Metric) or "fn" in _parameters(_constructor(cls)):
        return False
    return {"y_true", "y_pred"} <= set(_parameters(cls.update_state))


def _constructor(cls: Any) -> Callable[..., Any]:
    found: Callable[..., Any] = cls.__init__
    return found


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = inspect.signature(function).parameters
    return {
        name: parameter
        for name, parameter in found.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }


def arguments_of(cls: Any) -> dict[str, JsonValue]:
    """{"required": [names], "optional": {name: default}} of the constructor."""
    parameters = _parameters(_constructor(cls))
    parameters.pop("self", None)
    required = [name for name, parameter in parameters.items() if parameter.default is parameter.empty]
    optional = {
        name: p.default for name, p in parameters.items() if name not in required and _is_json(p.default)
    }
    return {"required": required, "optional": optional}


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def main() -> None:
    """Print the listing."""
    json.dump(keras_listing(), sys.stdout)


if __name__ == "__main__":
    main()
