"""Short ways to write model JSON in tests."""

from __future__ import annotations

import json
from typing import Any

Attack = tuple[str, "str | bytes", tuple[str, ...]]  # name, text, words that the refusal must hold


def layer(
    class_name: str, name: str = "evil", module: str | None = "keras.layers", **config: Any
) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": None,
    }


def dense(name: str = "evil", units: Any = 3, **config: Any) -> dict[str, Any]:
    return layer("Dense", name, units=units, **config)


def source(*shape: int | None) -> dict[str, Any]:
    return layer("InputLayer", "source", batch_shape=[None, *(shape or (4,))])


def stack(*layers: dict[str, Any], shape: tuple[int | None, ...] = (4,)) -> str:
    return json.dumps(sequential("victim", source(*shape), *layers))


def sequential(name: str, *layers: dict[str, Any]) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": name, "layers": list(layers)},
        "registered_name": None,
    }


def tensor(name: str, call: Any = 0, output: Any = 0) -> dict[str, Any]:
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [name, call, output]},
    }


def node(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs}


def placed(data: dict[str, Any], *nodes: Any) -> dict[str, Any]:
    return {**data, "name": data["config"]["name"], "inbound_nodes": list(nodes)}


def graph(*layers: dict[str, Any], inputs: Any = ("source", 0, 0), outputs: Any = ("end", 0, 0)) -> str:
    config = {"name": "victim", "layers": list(layers), "input_layers": inputs, "output_layers": outputs}
    return json.dumps(
        {"module": "keras", "class_name": "Functional", "config": config, "registered_name": None}
    )
