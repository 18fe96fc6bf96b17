"""Allow-list: embeddings, recurrent and attention layers, wrappers, and layers that merge inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntracker_ray.models import rules_merge as merge
from nntracker_ray.models import rules_sequence as sequence
from nntracker_ray.models.functions import activation
from nntracker_ray.models.kinds import Built, Config, Key, LayerKind, Shape
from nntracker_ray.models.table_keys import (
    ACTIVITY,
    BIAS,
    KERNEL,
    POSITIVE,
    RATE_BELOW_1,
    SEED,
    SEEDED,
    Keys,
    array,
    kind_of,
)
from nntracker_ray.models.values import (
    Check,
    anything,
    boolean,
    choice,
    integer,
    integer_list,
    integers,
    only,
    optional,
)


def _recurrent(*, gated: bool) -> Keys:
    keys = {
        "units": Key(POSITIVE),
        "activation": Key(activation, "tanh"),
        **KERNEL,
        **array("recurrent", "orthogonal"),
        **BIAS,
        **ACTIVITY,
        "dropout": Key(RATE_BELOW_1, 0.0),
        "recurrent_dropout": Key(RATE_BELOW_1, 0.0),
        "seed": Key(SEED, None),
        "return_sequences": Key(boolean, False),
        "return_state": Key(boolean, False),
        "go_backwards": Key(boolean, False),
        "stateful": Key(only(False), False),
        "unroll": Key(boolean, False),
        "zero_output_for_mask": Key(boolean, False),
    }
    return keys | ({"recurrent_activation": Key(activation, "sigmoid")} if gated else {})


_RNN_OLD: Mapping[str, Check] = {
    "time_major": only(False),
    "implementation": integer(0, 2),
    "input_dim": anything,
    "input_length": anything,
    "use_cudnn": choice("auto"),
}

_ATTENTION: Keys = {"dropout": Key(RATE_BELOW_1, 0.0), **SEEDED}
_SCORES = ("use_causal_mask", "return_attention_scores")


def _wrapper(_: Config, __: tuple[Shape, ...]) -> Built:
    raise NotImplementedError("wrappers are costed together with the layer they wrap")


def sequence_kinds() -> list[LayerKind]:
    """Embeddings, recurrent and attention layers, wrappers."""
    heads = {
        "num_heads": Key(POSITIVE),
        "key_dim": Key(POSITIVE),
        "value_dim": Key(optional(POSITIVE), None),
        "use_gate": Key(boolean, False),
        "output_shape": Key(optional(lambda v: integer_list(1)(v if isinstance(v, list) else [v])), None),
        "attention_axes": Key(only(None, [1]), None),
        "sliding_window": Key(only(None), None),
    }
    rnn: dict[str, Any] = {"old": _RNN_OLD, "takes_state": True}
    wrapped = {"wraps": ("layer",)}
    return [
        kind_of(
            "Embedding",
            sequence.embedding,
            {"input_dim": Key(POSITIVE), "output_dim": Key(POSITIVE), "mask_zero": Key(boolean, False)},
            array("embeddings", "uniform"),
            ACTIVITY,
            old={"input_length": anything, "weights": only(None)},
        ),
        kind_of("SimpleRNN", sequence.recurrent(1, 1), _recurrent(gated=False), **rnn),
        kind_of(
            "LSTM",
            sequence.recurrent(4, 2),
            _recurrent(gated=True),
            {"unit_forget_bias": Key(boolean, True)},
            **rnn,
        ),
        kind_of(
            "GRU",
            sequence.recurrent(3, 1),
            _recurrent(gated=True),
            {"reset_after": Key(boolean, True)},
            **rnn,
        ),
        kind_of(
            "MultiHeadAttention",
            sequence.multi_head_attention,
            heads,
            KERNEL,
            BIAS,
            ACTIVITY,
            _ATTENTION,
            inputs=("query", "value", "key"),
            call_switches=_SCORES,
            old={
                "flash_attention": only(None),
                "query_shape": anything,
                "key_shape": anything,
                "value_shape": anything,
            },
        ),
        kind_of(
            "Attention",
            sequence.attention,
            {"use_scale": Key(boolean, False), "score_mode": Key(choice("dot", "concat"), "dot")},
            _ATTENTION,
            takes_list=True,
            call_switches=_SCORES,
            old={"causal": only(False)},
        ),
        kind_of(
            "AdditiveAttention",
            sequence.additive_attention,
            {"use_scale": Key(boolean, True)},
            _ATTENTION,
            takes_list=True,
            call_switches=_SCORES,
            old={"causal": only(False)},
        ),
        kind_of(
            "Bidirectional",
            _wrapper,
            {"merge_mode": Key(choice("concat", "sum", "mul", "ave", None), "concat")},
            takes_state=True,
            wraps=("layer", "backward_layer"),
            old={"weights": only(None)},
        ),
        kind_of("TimeDistributed", _wrapper, **wrapped),
    ]


def merge_kinds() -> list[LayerKind]:
    """Layers called on a list of tensors."""
    names = ("Add", "Multiply", "Average", "Maximum", "Minimum")
    dot_axes = Key(lambda v: integers(2, -16, 16)(v) if isinstance(v, list) else integer(-16, 16)(v))
    return [
        *(kind_of(name, merge.elementwise, takes_list=True) for name in names),
        kind_of("Subtract", merge.subtract, takes_list=True),
        kind_of("Concatenate", merge.concatenate, {"axis": Key(integer(-16, 16), -1)}, takes_list=True),
        kind_of("Dot", merge.dot, {"axes": dot_axes, "normalize": Key(boolean, False)}, takes_list=True),
    ]
