"""Small random changes to sound model JSON, for fuzzing: (hypothesis decides what, where and how)."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from nntracker_ray.models.kinds import REQUIRED, Key, LayerKind
from nntracker_ray.models.table import LAYERS
from nntracker_ray.models.values import RefusedError
from tests.unit.models.model_parts import dense, graph, layer, node, placed, sequential, source, tensor

Path = tuple[str | int, ...]

ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    7,
    2.5,
    -0.0,
    1e-9,
    1e300,
    10**9,
    10**25,
    "",
    "same",
    "valid",
    "causal",
    "relu",
    "softmax",
    "glu",
    "channels_first",
    "orthogonal",
    "identity",
    "he_normal",
    "l2",
    "max_norm",
    "float16",
    "mixed_float16",
    "int32",
    "concat",
    "ave",
    [],
    [1],
    [2, 2],
    [[1, 2], [0, 1]],
    [None],
    [-1],
    {},
    {"class_name": "L2", "config": {"l2": 0.1}},
    "source",
    "end",
    "Dense",
    "LSTM",
    "Flatten",
    "Add",
    "__keras_tensor__",
    {"class_name": "__tuple__", "items": [1, 2]},
]


def sound_models() -> list[dict[str, Any]]:
    """Starting points that between them use every part of the schema."""
    texts = [
        json.dumps(
            sequential(
                "m",
                source(6),
                dense("a", 4, activation="relu"),
                layer("Dropout", "b", rate=0.5),
                dense("c", 2),
            )
        ),
        json.dumps(
            sequential(
                "m",
                source(8, 9, 3),
                layer("Conv2D", "a", filters=4, kernel_size=[3, 2], strides=[1, 1], padding="same", groups=1),
                layer("BatchNormalization", "b", axis=-1),
                layer("MaxPooling2D", "c", pool_size=2),
                layer("Permute", "d", dims=[3, 1, 2]),
                layer("Flatten", "e"),
                layer("Reshape", "f", target_shape=[-1, 4]),
                layer("UpSampling1D", "g", size=2),
                layer("GlobalAveragePooling1D", "h"),
            )
        ),
        json.dumps(
            sequential(
                "m",
                source(6, 3),
                layer("Conv1D", "a", filters=4, kernel_size=2, dilation_rate=1),
                layer("ZeroPadding1D", "b", padding=[1, 2]),
                layer("LayerNormalization", "c", axis=[-1]),
                layer("PReLU", "d", shared_axes=[1]),
                layer("SeparableConv1D", "e", filters=2, kernel_size=2),
                layer("GroupNormalization", "f", groups=1),
                layer("LSTM", "g", units=3, return_sequences=True),
                layer("Bidirectional", "h", layer=layer("GRU", "i", units=2), merge_mode="concat"),
                layer("Softmax", "j", axis=-1),
            )
        ),
        json.dumps(
            sequential(
                "m",
                source(5),
                layer("Embedding", "a", input_dim=9, output_dim=4, mask_zero=True),
                layer(
                    "TimeDistributed",
                    "b",
                    layer=sequential("n", dense("c", 3), layer("ReLU", "d", max_value=6.0)),
                ),
                layer("SimpleRNN", "e", units=2, unroll=False),
            )
        ),
        graph(
            placed(source(6)),
            placed(dense("a", 6), node(tensor("source")), node(tensor("a", 0))),
            placed(
                layer("Concatenate", "end", axis=-1), node([tensor("a", 0), tensor("a", 1), tensor("source")])
            ),
        ),
        graph(
            placed(source(6, 4)),
            placed(layer("LSTM", "a", units=3, return_state=True), node(tensor("source"))),
            placed(
                layer("LSTM", "b", units=3, return_sequences=True),
                node(tensor("source"), initial_state=[tensor("a", 0, 1), tensor("a", 0, 2)]),
            ),
            placed(
                layer("MultiHeadAttention", "c", num_heads=2, key_dim=2),
                node(tensor("b"), tensor("source"), use_causal_mask=True),
            ),
            placed(layer("Dot", "end", axes=[2, 2], normalize=False), node([tensor("c"), tensor("b")])),
        ),
        graph(
            placed(source(4)),
            placed(
                sequential("inner", source(4), dense("x", 4)),
                node(tensor("source")),
                node(tensor("inner", 0)),
            ),
            placed(layer("Add", "end"), node([tensor("inner", 0), tensor("inner", 1)])),
        ),
        {
            "class_name": "Sequential",
            "config": [
                {
                    "class_name": "Dense",
                    "config": {
                        "name": "d",
                        "units": 3,
                        "batch_input_shape": [None, 5],
                        "dtype": {"class_name": "Policy", "config": {"name": "float32"}},
                    },
                }
            ],
        },
    ]
    return [json.loads(text) if isinstance(text, str) else text for text in texts]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in the tree."""
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield from places(entry, (*path, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def mutated_models(draw: st.DrawFn) -> str:
    """A sound model with one to three changes: a value replaced, an entry removed, doubled, moved or added."""
    model = copy.deepcopy(draw(st.sampled_from(sound_models())))
    for _ in range(draw(st.integers(1, 3))):
        if not (open_places := [place for place in places(model) if place]):
            break  # earlier changes have removed everything
        path = draw(st.sampled_from(open_places))
        parent, key = at(model, path[:-1]), path[-1]
        match draw(st.sampled_from(["replace", "replace", "number", "remove", "double", "swap", "key"])):
            case "replace":
                parent[key] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
            case "number":
                parent[key] = draw(st.integers(-2, 12))
            case "remove":
                del parent[key]
            case "double" if isinstance(parent, list):
                parent.insert(int(key), copy.deepcopy(parent[key]))
            case "swap":
                other = draw(st.sampled_from(list(places(model))))
                parent[key] = copy.deepcopy(at(model, other))
            case _:
                parent = parent[key] if isinstance(parent[key], dict) else parent
                if isinstance(parent, dict):
                    parent[
                        draw(
                            st.sampled_from(
                                ["units", "axis", "name", "dtype", "strides", "layer", "inbound_nodes", "zzz"]
                            )
                        )
                    ] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
    return json.dumps(model)


_SHAPES = [(6,), (4, 6), (None, 4), (5, 6, 4), (None, None, 4), (4, 5, 6, 2)]
_LIKELY: dict[str, list[Any]] = {
    "units": [1, 4],
    "filters": [2, 4, 6],
    "groups": [1, 2, 3, -1],
    "input_dim": [9],
    "output_dim": [3],
    "rate": [0.2],
    "stddev": [0.1],
    "target_shape": [[-1], [2, -1], [6], [4, 6], [3, -1, 2]],
    "dims": [[1], [2, 1], [3, 1, 2]],
    "n": [3],
    "num_heads": [2],
    "key_dim": [2],
    "axes": [1],
    "scale": [2.0, [1.0, 2.0, 3.0, 4.0]],
    "mean": [0.5, [1.0, 2.0, 3.0, 4.0]],
    "variance": [0.5, [1.0, 2.0, 3.0, 4.0]],
    "axis": [-1, 1, 2, 3, [1, 2], [-1, -2], -2],
    "shared_axes": [None, [1], [1, 2]],
    "momentum": [0.9],
}
_PLAUSIBLE: list[Any] = [
    1,
    2,
    3,
    [1, 2],
    [2, 1],
    [2, 2],
    [1, 2, 1],
    0.1,
    1.5,
    True,
    False,
    None,
    "same",
    "valid",
    "causal",
    "channels_first",
    "relu",
    "l2",
    "he_uniform",
    "orthogonal",
    "identity",
    "max_norm",
    "concat",
    "sum",
    "bilinear",
    "mixed_float16",
    "float64",
    [[1, 2], [0, 1]],
    [0, 1],
]


@st.composite
def drawn_models(draw: st.DrawFn) -> str:
    """A Sequential of one to three layers, each with plausible values, on an input of a random shape."""
    kinds = [
        kind
        for kind in LAYERS.values()
        if not kind.takes_list and not kind.inputs and kind.class_name != "InputLayer"
    ]
    layers = []
    for number in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(kinds))
        layers.append(draw(_drawn_layer(kind, f"l{number}")))
    return json.dumps(sequential("m", source(*draw(st.sampled_from(_SHAPES))), *layers))


@st.composite
def _drawn_layer(draw: st.DrawFn, kind: LayerKind, name: str) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for key, spec in kind.keys.items():
        if spec.default == REQUIRED or draw(st.integers(0, 3)) == 0:
            likely = [value for value in _LIKELY.get(key, _PLAUSIBLE) if _passes(spec, value)]
            if likely:
                config[key] = draw(st.sampled_from(likely))
    for key in kind.wraps[:1]:
        inner = (
            ("LSTM", "GRU", "SimpleRNN")
            if kind.class_name == "Bidirectional"
            else ("Dense", "Conv1D", "Flatten", "LSTM", "Softmax")
        )
        config[key] = draw(_drawn_layer(LAYERS[draw(st.sampled_from(inner))], f"{name}_inner"))
    return layer(kind.class_name, name, **config)


def _passes(spec: Key, value: Any) -> bool:
    try:
        spec.check(value)
    except RefusedError:
        return False
    return True
