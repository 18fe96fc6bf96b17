"""Model descriptions that try to run code, read files, exhaust the machine, or confuse the reader.

The shapes of published attacks on Keras' loaders (CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905,
CVE-2025-9906, CVE-2025-12058 and their kin), and our own. Each is (name, text, words the refusal must hold).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.unit.models.hostile_sizes import bombs
from tests.unit.models.model_parts import (
    Attack,
    dense,
    graph,
    layer,
    node,
    placed,
    sequential,
    source,
    stack,
    tensor,
)

MARSHALLED = "4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMSAAAAdABqAWQBagJkAmoDZANTACkETukBAAAA"
LAMBDA = {"class_name": "__lambda__", "config": {"code": MARSHALLED, "defaults": None, "closure": None}}
FUNCTION = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}


def around(evil: dict[str, Any]) -> str:
    """A sound graph with a further, unconnected entry: the place where Keras ran `Switch` while loading."""
    return graph(
        placed(source()),
        placed(dense("end"), node(tensor("source"))),
        {**evil, "name": "evil", "inbound_nodes": []},
    )


def _code() -> Iterator[Attack]:
    yield (
        "lambda-keras2",
        stack(layer("Lambda", module=None, function=[MARSHALLED, None, None], function_type="lambda")),
        ("evil", "Lambda"),
    )
    yield "lambda-keras3", stack(layer("Lambda", function=LAMBDA)), ("evil", "Lambda")
    yield "lambda-named", stack(layer("Lambda", function=FUNCTION)), ("evil", "Lambda")
    for name in (
        "plot_model",
        "get_file",
        "load_img",
        "disable_interactive_logging",
        "set_random_seed",
        "normalize",
    ):
        function = {
            "module": "keras.utils",
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }
        yield f"lambda-{name}", stack(layer("Lambda", function=function)), ("evil", "Lambda")
    yield (
        "lambda-nested",
        stack(sequential("inner", source(), layer("Lambda", function=LAMBDA))),
        ("inner/evil", "Lambda"),
    )
    yield (
        "lambda-wrapped",
        stack(layer("TimeDistributed", "wrap", layer=layer("Lambda", function=LAMBDA)), shape=(3, 4)),
        ("wrap/evil",),
    )
    yield (
        "lambda-bidirectional",
        stack(layer("Bidirectional", "wrap", layer=layer("Lambda")), shape=(3, 4)),
        ("wrap/evil",),
    )
    for name in ("TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"):
        yield name, stack(layer(name, filepath="/etc/passwd", module_=MARSHALLED)), ("evil", name)
    for name in ("StringLookup", "IntegerLookup", "TextVectorization"):
        yield name, stack(layer(name, vocabulary="/etc/passwd")), ("evil", name, "file")
    others = (
        "RNN",
        "StackedRNNCells",
        "LSTMCell",
        "ConvLSTM2D",
        "EinsumDense",
        "Wrapper",
        "SpectralNormalization",
        "Hashing",
        "Layer",
        "FeatureSpace",
        "Pipeline",
        "RandomFlip",
        "MelSpectrogram",
        "MyLayer",
        "SlicingOpLambda",
        "TFOpLambda",
    )
    for name in others:
        yield f"class-{name}", stack(layer(name)), ("evil", name)
    yield "subclassed-model", json.dumps({"class_name": "MyModel", "config": {"layers": []}}), ("MyModel",)


def _modules() -> Iterator[Attack]:
    modules = {
        "os": "system",
        "builtins": "eval",
        "subprocess": "Popen",
        "posix": "system",
        "runpy": "run_path",
        "pickle": "loads",
        "importlib": "import_module",
        "keras.config": "set_dtype_policy",
        "keras.utils": "get_file",
        "keras.models": "load_model",
        "keras.saving": "load_model",
        "keras.datasets.mnist": "load_data",
        "keras.src.utils.model_visualization": "plot_model",
        "keras.src.backend.config": "set_floatx",
        "keras.src.legacy.preprocessing.image": "DirectoryIterator",
        "numpy": "load",
        "torch": "load",
        "tensorflow.io": "read_file",
    }
    for module, name in modules.items():
        yield f"module-{module}", stack({**layer(name), "module": module}), ("evil",)
        yield f"unconnected-{module}", around({**layer(name), "module": module}), ("evil",)
    for module in (
        "os",
        "keras.layers.core",
        "keras.src.layers.core.dense",
        "my.package",
        "keras",
        "",
        7,
        ["keras.layers"],
    ):
        yield f"dense-from-{module}", stack({**dense(), "module": module}), ("evil", "module")
    for name in ("builtins>eval", "my>Dense", "Custom>Layer", "keras.config>set_floatx", "Lambda"):
        yield f"registered-{name}", stack({**dense(), "registered_name": name}), ("evil", "registered_name")
    switch = {
        **layer("Switch"),
        "module": "keras.src.ops.core",
        "inbound_nodes": [node(1, FUNCTION, FUNCTION)],
    }
    yield "switch", around(switch), ("evil", "Switch")
    for name in ("Map", "Scan", "WhileLoop", "Cond", "VectorizedMap", "ForiLoop", "Associative_Scan"):
        yield f"operation-{name}", around({**layer(name), "module": "keras.src.ops.core"}), ("evil",)
    for key in ("custom_objects", "call_fn", "__reduce__", "py/object", "weights", "fn"):
        yield f"envelope-{key}", stack({**dense(), key: {"x": "os.system"}}), ("evil", key)
        yield f"config-{key}", stack(dense(**{key: ["os.system"]})), ("evil", key)


def _functions() -> Iterator[Attack]:
    objects = {
        "function": FUNCTION,
        "lambda": LAMBDA,
        "eval": "eval",
        "path": "/etc/passwd",
        "module": {
            "module": "os",
            "class_name": "system",
            "config": {"command": "id"},
            "registered_name": None,
        },
        "registered": {
            "module": "keras.initializers",
            "class_name": "Zeros",
            "config": {},
            "registered_name": "x>Zeros",
        },
        "layer": layer("Lambda", function=LAMBDA),
        "list": ["relu"],
        "number": 7,
        "get_file": {
            "module": "keras.utils",
            "class_name": "function",
            "config": "get_file",
            "registered_name": "get_file",
        },
        "extra": {"class_name": "Zeros", "config": {}, "call": "os.system"},
        "argument": {"class_name": "Zeros", "config": {"shape": [10**9]}},
    }
    for key in (
        "activation",
        "kernel_initializer",
        "kernel_regularizer",
        "bias_constraint",
        "activity_regularizer",
    ):
        for name, value in objects.items():
            yield f"{key}-{name}", stack(dense(**{key: value})), ("evil", key)
    seed = {
        "module": "keras.random",
        "class_name": "SeedGenerator",
        "config": {"seed": 1},
        "registered_name": None,
    }
    yield (
        "seed-object",
        stack(dense(kernel_initializer={"class_name": "HeNormal", "config": {"seed": seed}})),
        ("evil", "seed"),
    )
    yield "dropout-seed", stack(layer("Dropout", rate=0.5, seed=seed)), ("evil", "seed")
    for policy in (
        "int8",
        "mixed_bfloat17",
        {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}},
        FUNCTION,
        LAMBDA,
        7,
        {"class_name": "DTypePolicyMap", "config": {}},
        "string",
    ):
        yield f"dtype-{str(policy)[:20]}", stack(dense(dtype=policy)), ("evil", "dtype")
    yield "quantized", stack(dense(quantization_config={"module": "os"})), ("evil", "quantization_config")
    yield "lora", stack(dense(lora_rank=4)), ("evil", "lora_rank")
    yield (
        "embedding-weights",
        stack(layer("Embedding", input_dim=3, output_dim=2, weights=[[1.0]])),
        ("evil", "weights"),
    )


def _graphs() -> Iterator[Attack]:
    begin, end = placed(source()), placed(dense("end"), node(tensor("source")))
    yield "self-loop", graph(begin, placed(dense("end"), node(tensor("end")))), ("circle",)
    one, two = (
        placed(layer("Add", "one"), node([tensor("source"), tensor("two")])),
        placed(dense("two"), node(tensor("one"))),
    )
    yield "circle", graph(begin, one, two, outputs=["two", 0, 0]), ("circle",)
    yield "unknown-source", graph(begin, placed(dense("end"), node(tensor("nowhere")))), ("end", "nowhere")
    yield "unknown-output", graph(begin, end, outputs=["nowhere", 0, 0]), ("nowhere",)
    yield "call-too-high", graph(begin, end, outputs=["end", 99, 0]), ("end", "99")
    yield "call-negative", graph(begin, placed(dense("end"), node(tensor("source", -1)))), ("end",)
    yield "call-text", graph(begin, placed(dense("end"), node(tensor("source", "0")))), ("end",)
    yield "output-too-high", graph(begin, placed(dense("end"), node(tensor("source", 0, 5)))), ("end", "5")
    yield "output-huge", graph(begin, placed(dense("end"), node(tensor("source", 0, 10**30)))), ("end",)
    yield "same-name", graph(begin, end, placed(dense("end"), node(tensor("source")))), ("end",)
    yield "two-names", graph(begin, {**end, "name": "other"}), ("end", "other")
    yield "no-output", graph(begin, end, outputs=[]), ("output_layers",)
    yield "output-text", graph(begin, end, outputs="end"), ("output_layers",)
    yield "output-object", graph(begin, end, outputs={"a": 3}), ("output_layers",)
    yield "input-missing", graph(begin, end, inputs=["end", 0, 0]), ("input_layers",)
    yield "input-called-again", graph(begin, end, inputs=["source", 1, 0]), ("input_layers", "'source', 1, 0")
    yield "input-of-several", graph(begin, end, inputs=["source", 0, 1]), ("input_layers", "'source', 0, 1")
    yield "input-twice", graph(begin, end, inputs=[["source", 0, 0], ["source", 0, 0]]), ("input_layers",)
    yield "called-input", graph(placed(source(), node(tensor("end"))), end), ("source",)
    yield "unconnected", graph(begin, end, placed(dense("evil"))), ("evil",)
    yield "dead-end", graph(begin, end, placed(dense("evil"), node(tensor("source")))), ("evil",)
    yield "node-text", graph(begin, placed(dense("end"), "source")), ("end",)
    yield (
        "node-extra-key",
        graph(begin, placed(dense("end"), {**node(tensor("source")), "fn": FUNCTION})),
        ("end",),
    )
    yield "node-function", graph(begin, placed(dense("end"), node(FUNCTION))), ("end",)
    yield "node-lambda", graph(begin, placed(dense("end"), node(tensor("source"), fn=LAMBDA))), ("end", "fn")
    yield (
        "node-training",
        graph(begin, placed(dense("end"), node(tensor("source"), training="os"))),
        ("end", "training"),
    )
    yield (
        "node-keras2-arguments",
        graph(begin, placed(dense("end"), [["source", 0, 0, {"function": FUNCTION}]])),
        ("end", "function"),
    )
    yield "node-constant", graph(begin, placed(dense("end"), [["_CONSTANT_VALUE", -1, 5, {}]])), ("end",)
    yield (
        "foreign-mask",
        graph(begin, placed(layer("Softmax", "end"), node(tensor("source"), mask=tensor("source")))),
        ("end", "mask"),
    )
    yield "add-of-nothing", graph(begin, placed(layer("Add", "end"), node([]))), ("end",)
    yield "nodes-text", graph(begin, {**dense("end"), "name": "end", "inbound_nodes": "source"}), ("end",)


def _texts() -> Iterator[Attack]:
    sound = stack(dense("end"))
    for name, text in {
        "empty": "",
        "null": "null",
        "number": "7",
        "list": "[]",
        "text": '"Sequential"',
        "half": sound[:-9],
        "code": "__import__('os')",
        "yaml": "!!python/object/apply:os.system [id]",
        "nan": sound.replace("3", "NaN"),
        "infinity": sound.replace("3", "-Infinity"),
        "digits": sound.replace("3", "9" * 9000),
        "twice": sound.replace('"units"', '"units": 2, "units"'),
        "deep": "[" * 300 + "]" * 300,
        "deeper": "[" * 200_000,
        "deep-objects": '{"a":' * 100 + "1" + "}" * 100,
        "long": " " * 1_000_001,
    }.items():
        yield f"text-{name}", text, ()
    for name, data in {
        "pickle": b"\x80\x04cos\nsystem\n.",
        "zip": b"PK\x03\x04",
        "hdf5": b"\x89HDF\r\n\x1a\n",
        "latin": '{"a": "ä"}'.encode("latin-1"),
        "zeros": b"\0" * 50,
    }.items():
        yield f"bytes-{name}", data, ()


def _values() -> Iterator[Attack]:
    for value in (0, -3, 2.5, True, None, "3", [3], {"n": 3}, 10**30, 1e300):
        yield f"units-{str(value)[:8]}", stack(dense(units=value)), ("evil", "units")
    for value in (
        "",
        "../../etc/passwd",
        "a/b",
        "<img src=x onerror=alert(1)>",
        "x" * 5000,
        "a\nb",
        "\x00",
        None,
        7,
        "'; DROP TABLE runs",
    ):
        yield f"name-{str(value)[:8]!r}", stack(dense(name=value)), ("name",)
    for value in (
        [],
        [None],
        [None, 0],
        [None, -1],
        "28",
        [None, "28"],
        [None, 2.5],
        [None] * 20,
        [None, [28]],
        [None, 10**20],
    ):
        yield (
            f"shape-{str(value)[:12]}",
            json.dumps(sequential("v", layer("InputLayer", "in", batch_shape=value), dense("end"))),
            ("in",),
        )
    yield "no-input-shape", json.dumps(sequential("victim", dense("end"))), ("input shape",)
    yield "no-layers", json.dumps(sequential("victim")), ("layers",)
    yield "only-config", json.dumps({"class_name": "Sequential", "config": "layers"}), ("config",)
    yield "typo", stack(dense(unitz=3)), ("evil", "unitz", "units")
    yield "unknown-layer", stack(layer("Danse", units=3)), ("evil", "Dense")
    yield (
        "sparse-input",
        json.dumps(sequential("v", layer("InputLayer", "in", batch_shape=[None, 4], sparse=True), dense())),
        ("sparse",),
    )
    yield "second-input", stack(source(5)), ("InputLayer",)
    yield "stateful", stack(layer("LSTM", units=3, stateful=True), shape=(3, 4)), ("evil", "stateful")
    yield "huge-kernel", stack(layer("Conv2D", filters=3, kernel_size=9), shape=(8, 8, 1)), ("evil",)
    yield "wrong-rank", stack(layer("Conv2D", filters=3, kernel_size=3)), ("evil", "dimensions")
    yield "unadapted", stack(layer("Normalization")), ("evil", "mean")


def attacks() -> list[Attack]:
    found = [*_code(), *_modules(), *_functions(), *_graphs(), *_texts(), *_values(), *bombs()]
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return found
