"""Shape rules of embeddings, recurrent and attention layers."""

from __future__ import annotations

from nntracker_ray.models.kinds import Built, Config, Rule, Shape, Weight, batched, of_rank, size_at, volume
from nntracker_ray.models.values import RefusedError

MOST_UNROLLED = 200  # time steps; each becomes its own copy of the cell in the graph


def embedding(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Embedding: one row of `output_dim` numbers for each index."""
    rows, width = config["input_dim"], config["output_dim"]
    return Built(((*inputs[0], width),), (Weight("embeddings", (rows, width)),))


def recurrent(gates: int, states: int) -> Rule:
    """SimpleRNN (1 gate, 1 state), GRU (3, 1), LSTM (4, 2)."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape, units = of_rank(inputs[0], 2), config["units"]
        _check_states(inputs[1:], units, states)
        wide = gates * units
        weights = [Weight("kernel", (size_at(shape, -1), wide)), Weight("recurrent_kernel", (units, wide))]
        if config["use_bias"]:
            # reset_after keeps a bias for the input and one for the recurrent part.
            weights.append(Weight("bias", (2, wide) if config.get("reset_after") else (wide,)))
        output: Shape = (shape[0], units) if config["return_sequences"] else (units,)
        ends: tuple[Shape, ...] = ((units,),) * states if config["return_state"] else ()
        return Built((output, *ends), tuple(weights), (shape[0] or 1) * wide, _steps(config, shape))

    return rule


def _check_states(given: tuple[Shape, ...], units: int, states: int) -> None:
    if given and (len(given) != states or any(shape != (units,) for shape in given)):
        shapes = ", ".join(map(batched, given))
        raise RefusedError(f"initial_state must be {states} tensor(s) of shape (None, {units}), got {shapes}")


def _steps(config: Config, shape: Shape) -> int:
    if not config["unroll"]:
        return 5
    if shape[0] is None or shape[0] > MOST_UNROLLED:
        raise RefusedError(
            f"unroll=true needs a known length of at most {MOST_UNROLLED} steps, got {shape[0]}; set it to false"
        )
    return shape[0]


def multi_head_attention(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """MultiHeadAttention on (query, value[, key]), each (time, features)."""
    query, value = of_rank(inputs[0], 2), of_rank(inputs[1], 2)
    key = of_rank(inputs[2], 2) if len(inputs) > 2 else value
    _same_length(value, key)
    heads, inner = config["num_heads"], config["key_dim"]
    outer = config["value_dim"] or inner
    ends = config["output_shape"] or [size_at(query, -1)]
    parts = [("query", query, inner), ("key", key, inner), ("value", value, outer)]
    if config["use_gate"]:
        parts.append(("gate", query, outer))
    weights = [
        w for name, shape, width in parts for w in _projection(config, name, size_at(shape, -1), heads, width)
    ]
    weights.append(Weight("attention_output/kernel", (heads, outer, *ends)))
    if config["use_bias"]:
        weights.append(Weight("attention_output/bias", tuple(ends)))
    scores: Shape = (heads, query[0], value[0])
    outputs: tuple[Shape, ...] = ((query[0], *ends),)
    if config.get("return_attention_scores"):
        outputs = (*outputs, scores)
    return Built(outputs, tuple(weights), 2 * volume(scores) + 4 * heads * outer * (query[0] or 1), 10)


def _projection(config: Config, name: str, features: int, heads: int, width: int) -> list[Weight]:
    kernel = Weight(f"{name}/kernel", (features, heads, width))
    return [kernel, Weight(f"{name}/bias", (heads, width))] if config["use_bias"] else [kernel]


def _same_length(value: Shape, key: Shape) -> None:
    if value[0] != key[0]:
        raise RefusedError(f"value {batched(value)} and key {batched(key)} must have the same length")


def attention(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Attention (Luong) on [query, value(, key)]."""
    query, value, key = _attended(inputs)
    concat = config["score_mode"] == "concat"
    names = [n for n, wanted in (("scale", config["use_scale"]), ("concat_score_weight", concat)) if wanted]
    return _attention(
        config, query, value, tuple(Weight(n, ()) for n in names), (key[1] or 1) if concat else 1
    )


def additive_attention(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """AdditiveAttention (Bahdanau) on [query, value(, key)]."""
    query, value, key = _attended(inputs)
    weights = (Weight("scale", (size_at(query, -1),)),) if config["use_scale"] else ()
    return _attention(config, query, value, weights, key[1] or 1)


def _attended(inputs: tuple[Shape, ...]) -> tuple[Shape, Shape, Shape]:
    if not 2 <= len(inputs) <= 3:
        raise RefusedError(f"is called on [query, value] or [query, value, key], got {len(inputs)} inputs")
    query, value, key = (of_rank(shape, 2) for shape in (*inputs, inputs[-1])[:3])
    key = key if len(inputs) > 2 else value
    _same_length(value, key)
    if size_at(query, -1) != size_at(key, -1):
        raise RefusedError(f"query {batched(query)} and key {batched(key)} must have equally many features")
    return query, value, key


def _attention(config: Config, query: Shape, value: Shape, weights: tuple[Weight, ...], depth: int) -> Built:
    scores: Shape = (query[0], value[0])
    outputs: tuple[Shape, ...] = ((query[0], value[1]),)
    if config.get("return_attention_scores"):
        outputs = (*outputs, scores)
    return Built(outputs, weights, 2 * volume(scores) * depth, 5)
