"""Writes a Keras 3 model's JSON the way tf.keras 2.4 would have written the same model."""

import json
from typing import Any


def as_keras2(text: str) -> str:
    """The JSON of a live model without what Keras 3 added, and with what Keras 2 had instead."""
    return json.dumps({**_layer(json.loads(text)), "keras_version": "2.4.0", "backend": "tensorflow"})


def _layer(data: dict[str, Any]) -> dict[str, Any]:
    config = _plain(data["config"])
    old = {"class_name": data["class_name"], "config": config}
    if data["class_name"] == "InputLayer":
        config["batch_input_shape"] = config.pop("batch_shape")
        config.pop("optional", None)
    elif data["class_name"] in ("LSTM", "GRU", "SimpleRNN"):
        config.pop("zero_output_for_mask", None)
        config |= {"time_major": False, "implementation": 2}
    elif data["class_name"] == "Embedding":
        config["input_length"] = None
    elif data["class_name"] == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    elif "layers" in config:
        config["layers"] = [_graph_layer(layer) for layer in data["config"]["layers"]]
        nested = {layer["name"] for layer in config["layers"] if "layers" in layer["config"]}
        _shift_nested(config["layers"], nested)
        config.pop("build_input_shape", None)
    for key in ("layer", "backward_layer"):
        if isinstance(config.get(key), dict):
            config[key] = _layer(data["config"][key])
    return old


def _graph_layer(data: dict[str, Any]) -> dict[str, Any]:
    old = _layer(data)
    if "inbound_nodes" in data:
        old |= {"name": data["name"], "inbound_nodes": [_node(node) for node in data["inbound_nodes"]]}
    return old | {"name": data.get("name", data["config"]["name"])}


def _node(node: dict[str, Any]) -> list[Any]:
    tensors: list[Any] = []

    def collect(value: Any) -> None:
        if isinstance(value, list):
            for entry in value:
                collect(entry)
        else:
            tensors.append([*value["config"]["keras_history"], {}])

    collect(node["args"])
    named = {key: value for key, value in node["kwargs"].items() if value not in (None, False)}
    for key, value in list(named.items()):
        if key == "initial_state":
            collect(named.pop(key))
        elif isinstance(value, dict):
            named[key] = value["config"]["keras_history"]
    tensors[0][3] = named
    return tensors


def _shift_nested(layers: list[dict[str, Any]], nested: set[str]) -> None:
    # Keras 2 counted the nested model's own graph as its first call.
    for layer in layers:
        for node in layer.get("inbound_nodes", []):
            for ref in node:
                ref[1] += ref[0] in nested


def _plain(value: Any) -> Any:
    """Without modules and registered names; policies as tf.keras wrote them."""
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "DTypePolicy":
        return {"class_name": "Policy", "config": {"name": value["config"]["name"]}}
    kept = {key: _plain(entry) for key, entry in value.items()}
    if "class_name" in kept:
        for key in ("module", "registered_name", "build_config", "compile_config"):
            kept.pop(key, None)
    return kept
