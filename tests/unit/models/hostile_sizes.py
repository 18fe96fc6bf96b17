"""Model descriptions of a few kilobytes that would take all memory or time there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

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


def bombs() -> Iterator[Attack]:
    """Each larger than any limit."""
    yield "dense-1e9", stack(dense(units=10**9)), ("evil", "parameters")
    yield "dense-2e9", stack(dense(units=2 * 10**9)), ("evil", "parameters")
    yield "embedding-1e9", stack(layer("Embedding", input_dim=10**9, output_dim=64)), ("evil", "parameters")
    yield "lstm-2e4", stack(layer("LSTM", units=20_000), shape=(3, 4)), ("evil", "parameters")
    yield "gru-2e4", stack(layer("GRU", units=20_000), shape=(3, 4)), ("evil", "parameters")
    yield (
        "orthogonal",
        stack(dense(units=9_000, kernel_initializer="orthogonal"), shape=(9_000,)),
        ("evil", "orthogonal"),
    )
    yield (
        "conv",
        stack(layer("Conv3D", filters=10**6, kernel_size=100), shape=(200, 200, 200, 3)),
        ("evil", "parameters"),
    )
    yield "many-small", stack(*(dense(f"d{n}", 5_000) for n in range(100))), ("parameters",)
    yield "padding", stack(layer("ZeroPadding2D", padding=10**8), shape=(8, 8, 1)), ("evil", "activations")
    yield "up-sampling", stack(layer("UpSampling2D", size=10**5), shape=(8, 8, 1)), ("evil", "activations")
    yield "repeat", stack(layer("RepeatVector", n=10**9)), ("evil", "activations")
    yield "attention", stack_attention(100_000), ("evil", "activations")
    yield (
        "distributed",
        stack(layer("TimeDistributed", "wrap", layer=dense()), shape=(10**6, 4)),
        ("wrap", "calls"),
    )
    yield "unrolled", stack(layer("SimpleRNN", units=2, unroll=True), shape=(10**6, 4)), ("evil", "unroll")
    yield "layers", stack(*(dense(f"d{n}", 1) for n in range(2_100))), ("2,000 layers",)
    yield "chain", stack(*(dense(f"d{n}", 1) for n in range(1_900))), ("chain",)
    yield "nested-models", json.dumps(nested(40)), ()
    yield "doubling", json.dumps(doubling(14)), ("calls",)
    yield "unknown-keys", stack(dense(**{f"unitz{n}": 1 for n in range(50_000)})), ("200 problems",)
    yield "repeated-keys", '{"k5": 1, ' + ", ".join(f'"k{n}": 1' for n in range(70_000)) + "}", ("twice",)
    yield "same-names", stack(*(dense("d", 1) for _ in range(1_900))), ("two layers",)
    calls = [node(tensor("source")) for _ in range(6_600)]
    yield "many-calls", graph(placed(source()), placed(dense("end"), *calls)), ("end",)
    yield "bad-nodes", graph(placed(source()), placed(dense("end"), *["x"] * 150_000)), ("200 problems",)
    yield "long-numbers", stack(layer("Rescaling", scale=[1] * 300_000)), ("evil", "scale")
    yield "alpha", stack(layer("PReLU"), shape=(20_000, 20_000)), ("evil", "parameters")


def stack_attention(length: int) -> str:
    query = tensor("source")
    return graph(
        placed(source(length, 8)),
        placed(layer("MultiHeadAttention", num_heads=8, key_dim=8), node(query, query)),
        outputs=["evil", 0, 0],
    )


def nested(levels: int) -> dict[str, Any]:
    """Models inside each other."""
    return sequential(f"m{levels}", source(), nested(levels - 1) if levels else dense())


def doubling(levels: int) -> dict[str, Any]:
    """Each level uses the one below twice: 2^levels calls from a few kilobytes."""
    inner = dense("inner", 4) if levels == 0 else doubling(levels - 1)
    calls = [node(tensor("source")), node(tensor(inner["config"]["name"]))]
    config = {
        "name": f"m{levels}",
        "layers": [placed(source()), placed(inner, *calls)],
        "input_layers": ["source", 0, 0],
        "output_layers": [inner["config"]["name"], 2 if levels else 1, 0],
    }
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": None}
