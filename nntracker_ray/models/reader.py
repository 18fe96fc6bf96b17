"""Plain JSON to the validated tree: the allow-list is applied here, key by key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from nntracker_ray.errors import did_you_mean
from nntracker_ray.models import keras2
from nntracker_ray.models.findings import Findings, layer_label
from nntracker_ray.models.graph import GraphReader
from nntracker_ray.models.kinds import REQUIRED, Key, LayerKind
from nntracker_ray.models.limits import ModelLimits
from nntracker_ray.models.table import LAYERS, MODEL_CLASSES
from nntracker_ray.models.tree import Graph, Item, Leaf, Model, Stack, class_of
from nntracker_ray.models.values import RefusedError, boolean, shape_with_batch, shown
from nntracker_ray.records import JsonValue

_NAME = re.compile(r"[\w.][\w.\-: ]{0,198}\Z")
_LAYER_MODULES = (None, "keras.layers", "tf_keras.layers")
_MODEL_MODULES = (
    None,
    "keras",
    "keras.models",
    "tf_keras",
    "tf_keras.models",
    "keras.src.models.functional",
    "keras.src.models.sequential",
    "keras.src.models.model",
    "keras.src.engine.functional",
    "keras.src.engine.sequential",
    "keras.engine.functional",
    "keras.engine.sequential",
    "tf_keras.src.engine.functional",
    "tf_keras.src.engine.sequential",
)
_ENVELOPE = {
    "module",
    "class_name",
    "config",
    "registered_name",
    "build_config",
    "compile_config",
    "name",
    "inbound_nodes",
    "shared_object_id",
}
_TOP = _ENVELOPE | {"keras_version", "backend"}
_MODEL_KEYS = {"name", "trainable", "dtype", "layers", "input_layers", "output_layers", "build_input_shape"}
_DANGEROUS = {
    "Lambda": "holds Python code, which would run on the machine that trains. Use a built-in layer instead",
    "TFSMLayer": "loads a file from the training machine",
    "TorchModuleWrapper": "unpickles a foreign module",
    "JaxLayer": "calls a foreign function",
    "FlaxLayer": "calls a foreign module",
    "StringLookup": "may read a file from the training machine; encode the column in the dataset instead",
    "IntegerLookup": "may read a file from the training machine; encode the column in the dataset instead",
    "TextVectorization": "may read a file from the training machine; encode the column in the dataset instead",
}


class Reader:
    """Reads one model; problems go to `findings`, and what was readable is returned."""

    def __init__(self, limits: ModelLimits, findings: Findings) -> None:
        self._limits = limits
        self._findings = findings
        self._layers = 0

    def model(self, data: JsonValue) -> Model | None:
        """The top-level model."""
        if not isinstance(data, dict) or data.get("class_name") not in MODEL_CLASSES:
            given = data.get("class_name") if isinstance(data, dict) else data
            self._findings.add("model", f"{shown(given)} is not one of {', '.join(MODEL_CLASSES)}")
            return None
        found = self.item(
            {key: entry for key, entry in data.items() if key not in ("keras_version", "backend")}, ""
        )
        return None if isinstance(found, Leaf) else found

    def item(self, data: JsonValue, prefix: str) -> Item | None:
        """A layer or a nested model; None if it cannot be one."""
        self._layers += 1
        if self._layers > self._limits.layers:
            if self._layers == self._limits.layers + 1:
                self._findings.add("model", f"more than {self._limits.layers:,} layers")
            return None
        if not isinstance(data, dict):
            self._findings.add(f"layer in {prefix or 'the model'}", f"{shown(data)} is not a layer")
            return None
        class_name = data.get("class_name")
        if class_name in MODEL_CLASSES:
            return self._nested(data, prefix)
        return self._leaf(data, class_name, prefix)

    # --- single layers ---------------------------------------------------------------------------------------

    def _leaf(self, data: dict[str, JsonValue], class_name: JsonValue, prefix: str) -> Leaf | None:
        config = data.get("config")
        given_name = config.get("name", data.get("name")) if isinstance(config, dict) else data.get("name")
        where = layer_label(prefix, given_name, class_name)
        if not isinstance(class_name, str) or not isinstance(config, dict):
            self._findings.add(where, "needs a class_name and a config object")
            return None
        new_class, config = keras2.modern(class_name, config)
        if not self._envelope_is_plain(where, data, _LAYER_MODULES):
            return None
        kind = LAYERS.get(new_class)
        if kind is None:
            self._findings.add(where, _why_unknown(class_name))
            return None
        if not self._name_is_good(where, given_name):
            return None
        return self._with_config(kind, str(given_name), config, where, prefix)

    def _with_config(
        self, kind: LayerKind, name: str, config: dict[str, JsonValue], where: str, prefix: str
    ) -> Leaf | None:
        wrapped = {
            key: self.item(config[key], f"{prefix}{name}/")
            for key in kind.wraps
            if config.get(key) is not None
        }
        if kind.wraps and "layer" not in wrapped:
            self._findings.add(where, "needs a layer to wrap under the key 'layer'")
        self._refuse_unknown_keys(where, kind, config)
        values = {key: self._value(where, key, spec, config) for key, spec in kind.keys.items()}
        children = {key: _as_wrapped(kind, child) for key, child in wrapped.items() if child is not None}
        return Leaf(kind, name, values, children)

    def _value(self, where: str, key: str, spec: Key, config: Mapping[str, JsonValue]) -> JsonValue:
        if key not in config:
            if spec.default is REQUIRED:
                self._findings.add(where, f"needs a value for {key!r}")
            return spec.default
        try:
            return spec.check(config[key])
        except RefusedError as refused:
            self._findings.add(where, f"{key}: {refused}")
        except RecursionError:
            self._findings.add(where, f"{key}: nested too deep")
        return spec.default

    def _refuse_unknown_keys(self, where: str, kind: LayerKind, config: Mapping[str, JsonValue]) -> None:
        for key in config.keys() - kind.keys.keys() - set(kind.wraps) - {"name"}:
            if key not in kind.old_keys:
                self._findings.add(
                    where, f"unknown key {shown(key)}. {did_you_mean(key[:60], kind.keys)}".rstrip()
                )
                continue
            try:
                kind.old_keys[key](config[key])
            except RefusedError as refused:
                self._findings.add(where, f"{key}: {refused}")

    def _envelope_is_plain(
        self, where: str, data: Mapping[str, JsonValue], modules: tuple[str | None, ...]
    ) -> bool:
        """No foreign module, no registered name, no keys beside those Keras writes."""
        good = True
        for key in data.keys() - _ENVELOPE:
            self._findings.add(where, f"unexpected key {shown(key)} beside class_name and config")
            good = False
        if data.get("module") not in modules:
            self._findings.add(
                where,
                f"module {shown(data['module'])} is not allowed; built-in layers come from 'keras.layers'",
            )
            good = False
        if data.get("registered_name") not in (None, data.get("class_name")):
            self._findings.add(
                where, f"registered_name {shown(data['registered_name'])}: custom classes are not allowed"
            )
            good = False
        return good

    def _name_is_good(self, where: str, name: JsonValue) -> bool:
        if isinstance(name, str) and _NAME.match(name):
            return True
        self._findings.add(
            where, f"name {shown(name)}: 1 to 199 letters, digits, '_', '.', '-', ':' or spaces are allowed"
        )
        return False

    # --- models ----------------------------------------------------------------------------------------------

    def _nested(self, data: dict[str, JsonValue], prefix: str) -> Model | None:
        class_name = data["class_name"]
        config = (
            keras2.sequential_config(data.get("config")) if class_name == "Sequential" else data.get("config")
        )
        name = config.get("name", data.get("name")) if isinstance(config, dict) else None
        where = layer_label(prefix, name, class_name)
        if not isinstance(config, dict) or not isinstance(config.get("layers"), list) or not config["layers"]:
            self._findings.add(where, "needs a config object with a list of layers")
            return None
        if not self._envelope_is_plain(where, data, _MODEL_MODULES) or not self._name_is_good(where, name):
            return None
        for key in config.keys() - _MODEL_KEYS:
            self._findings.add(
                where, f"unknown key {shown(key)}. {did_you_mean(key[:60], _MODEL_KEYS)}".rstrip()
            )
        trainable = self._value(where, "trainable", Key(boolean, True), config)
        inner = f"{prefix}{name}/" if prefix or self._layers > 1 else ""
        if class_name == "Sequential":
            return self._stack(str(name), trainable, config, where, inner)
        return self._graph(str(name), trainable, config, where, inner)

    def _stack(
        self, name: str, trainable: bool, config: dict[str, JsonValue], where: str, prefix: str
    ) -> Stack | None:
        layers = [self.item(entry, prefix) for entry in config["layers"]]
        good = [layer for layer in layers if layer is not None]
        if len(good) != len(layers):
            return None
        for twice in [name for name, count in Counter(layer.name for layer in good).items() if count > 1]:
            self._findings.add(where, f"two layers are named {twice!r}; layer names must differ")
        if any(class_of(layer) == "InputLayer" for layer in good[1:]):
            self._findings.add(where, "an InputLayer can only come first")
        head = [] if class_of(good[0]) == "InputLayer" else self._declared_input(config, good[0], where)
        return Stack(name, trainable, (*head, *good))

    def _declared_input(self, config: dict[str, JsonValue], first: Item, where: str) -> list[Leaf]:
        """An InputLayer from the first layer's batch_input_shape (Keras 2) or from build_input_shape."""
        own = config["layers"][0].get("config")
        old = own.get("batch_input_shape", own.get("batch_shape")) if isinstance(own, dict) else None
        shape = old if old is not None else config.get("build_input_shape")
        if shape is None:
            return []
        try:
            return [make_input(f"{first.name}_input", shape_with_batch(shape))]
        except RefusedError as refused:
            self._findings.add(where, f"input shape: {refused}")
            return []

    def _graph(
        self, name: str, trainable: bool, config: dict[str, JsonValue], where: str, prefix: str
    ) -> Graph | None:
        return GraphReader(self.item, self._findings, where, prefix).read(name, trainable, config)


def make_input(name: str, shape: list[int | None]) -> Leaf:
    """An InputLayer of the shape (batch first)."""
    kind = LAYERS["InputLayer"]
    return Leaf(kind, name, {**{key: spec.default for key, spec in kind.keys.items()}, "batch_shape": shape})


def _as_wrapped(kind: LayerKind, child: Item) -> Item:
    """The child as the wrapper will use it: Bidirectional sets zero_output_for_mask itself."""
    if kind.class_name == "Bidirectional" and isinstance(child, Leaf) and "return_sequences" in child.config:
        config = {**child.config, "zero_output_for_mask": child.config["return_sequences"]}
        return replace(child, config=config)
    return child


def _why_unknown(class_name: str) -> str:
    if class_name in _DANGEROUS:
        return f"{class_name} is refused: it {_DANGEROUS[class_name]}"
    return f"unknown layer {class_name[:60]!r}; built-in layers only. {did_you_mean(class_name[:60], LAYERS)}".rstrip()
