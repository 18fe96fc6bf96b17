"""The allow-list: every layer a model may hold, with every key of its configuration.

Defaults are those of Keras 3 and are compared with Keras by a test. Keys of Keras 2 that mean nothing
any more are listed with the values under which dropping them changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from nntracker_ray.models import rules_merge as merge
from nntracker_ray.models import rules_plain as plain
from nntracker_ray.models import rules_sequence as sequence
from nntracker_ray.models import rules_spatial as spatial
from nntracker_ray.models.functions import activation, constraint, initializer, regularizer
from nntracker_ray.models.kinds import Built, Config, Key, LayerKind, Rule, Shape
from nntracker_ray.models.values import (
    Check,
    anything,
    axes,
    boolean,
    choice,
    edges,
    integer,
    integer_list,
    integers,
    numbers,
    only,
    optional,
    real,
    shape_with_batch,
)
from nntracker_ray.records import JsonValue

Keys = Mapping[str, Key]
FLOATS = ("float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")
INPUT_TYPES = (
    "float32",
    "float64",
    "float16",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "bool",
)

COMMON: Keys = {
    "trainable": Key(boolean, True),
    "dtype": Key(choice(*FLOATS), "float32"),
}
COMMON_OLD: Mapping[str, Check] = {
    "batch_input_shape": anything,  # read by the reader where it counts, on the first layer
    "batch_shape": anything,
    "input_dtype": anything,
    "dynamic": only(False),
    "autocast": only(True, None),
    "quantization_config": only(None),
    "lora_rank": only(None),
    "lora_alpha": only(None),
}

_positive = integer(1)
_seed = optional(integer(0))
_rate = real(0.0, 1.0)
_rate_below_1 = real(0.0, 0.999999)
_formats = choice("channels_last", "channels_first")
_format = Key(lambda value: "channels_last" if value is None else _formats(value), "channels_last")


def _initial(name: str) -> Key:
    return Key(initializer, initializer(name))


def _array(name: str, initial: str) -> Keys:
    """The three keys that go with one weight array."""
    return {
        f"{name}_initializer": _initial(initial),
        f"{name}_regularizer": Key(regularizer, None),
        f"{name}_constraint": Key(constraint, None),
    }


_KERNEL: Keys = {**_array("kernel", "glorot_uniform")}
_BIAS: Keys = {"use_bias": Key(boolean, True), **_array("bias", "zeros")}
_ACTIVITY: Keys = {"activity_regularizer": Key(regularizer, None)}


def _conv(rank: int, *paddings: str, groups: bool = False) -> Keys:
    keys = {
        "kernel_size": Key(integers(rank)),
        "strides": Key(integers(rank), [1] * rank),
        "padding": Key(choice(*paddings), "valid"),
        "data_format": _format,
        "dilation_rate": Key(integers(rank), [1] * rank),
        "activation": Key(activation, "linear"),
        **_BIAS,
        **_ACTIVITY,
    }
    return keys | ({"groups": Key(_positive, 1)} if groups else {})


_FILTERS = Key(_positive)
_PADDINGS = ("valid", "same")
_DEPTH: Keys = {"depth_multiplier": Key(_positive, 1), **_array("depthwise", "glorot_uniform")}
# Keras 2 wrote every argument of its common base class; those of the plain kernel mean nothing here.
_UNUSED_KERNEL: Mapping[str, Check] = {f"kernel_{part}": anything for part in ("initializer", "regularizer", "constraint")} | {
    "groups": only(1), "filters": only(None)}  # fmt: skip


def _pooling(rank: int, size: JsonValue) -> Keys:
    return {
        "pool_size": Key(integers(rank), size),
        "strides": Key(optional(integers(rank)), None),
        "padding": Key(choice(*_PADDINGS), "valid"),
        "data_format": _format,
    }


def _recurrent(*, gated: bool) -> Keys:
    keys = {
        "units": Key(_positive),
        "activation": Key(activation, "tanh"),
        **_KERNEL,
        **_array("recurrent", "orthogonal"),
        **_BIAS,
        **_ACTIVITY,
        "dropout": Key(_rate_below_1, 0.0),
        "recurrent_dropout": Key(_rate_below_1, 0.0),
        "seed": Key(_seed, None),
        "return_sequences": Key(boolean, False),
        "return_state": Key(boolean, False),
        "go_backwards": Key(boolean, False),
        "stateful": Key(only(False), False),
        "unroll": Key(boolean, False),
        "zero_output_for_mask": Key(boolean, False),
    }
    return keys | ({"recurrent_activation": Key(activation, "sigmoid")} if gated else {})


_RNN_OLD: Mapping[str, Check] = {"time_major": only(False), "implementation": integer(0, 2), "input_dim": anything,
                                 "input_length": anything, "use_cudnn": choice("auto")}  # fmt: skip

_NORM: Keys = {
    "axis": Key(axes, -1),
    "epsilon": Key(real(0.0), 1e-3),
    "center": Key(boolean, True),
    "scale": Key(boolean, True),
    **_array("beta", "zeros"),
    **_array("gamma", "ones"),
}
_BATCH_OLD: Mapping[str, Check] = {"renorm": only(False), "renorm_clipping": anything, "renorm_momentum": anything,
                                   "fused": anything, "virtual_batch_size": only(None), "adjustment": only(None)}  # fmt: skip
_SEEDED: Keys = {"seed": Key(_seed, None)}
_NO_NOISE: Keys = {"noise_shape": Key(only(None), None)}
_ATTENTION: Keys = {"dropout": Key(_rate_below_1, 0.0), **_SEEDED}
_SCORES = ("use_causal_mask", "return_attention_scores")


def _wrapper(_: Config, __: tuple[Shape, ...]) -> Built:
    raise NotImplementedError("wrappers are costed together with the layer they wrap")


def _kinds() -> list[LayerKind]:
    return [*_plain_kinds(), *_shape_kinds(), *_spatial_kinds(), *_sequence_kinds(), *_merge_kinds()]


def _kind(name: str, rule: Rule, *keys: Keys, **more: Any) -> LayerKind:
    own: dict[str, Key] = {}
    for group in (COMMON, *keys):
        own |= group
    return LayerKind(name, own, rule, {**COMMON_OLD, **more.pop("old", {})}, **more)


def _plain_kinds() -> list[LayerKind]:
    slope = {"negative_slope": Key(real(), 0.3)}
    rectifier = {
        "max_value": Key(optional(real(0.0)), None),
        "negative_slope": Key(real(0.0), 0.0),
        "threshold": Key(real(0.0), 0.0),
    }
    shared = {
        "shared_axes": Key(optional(lambda v: integer_list(1, 16)(v if isinstance(v, list) else [v])), None)
    }
    return [
        _kind("Dense", plain.dense, {"units": Key(_positive), "activation": Key(activation, "linear")}, _KERNEL, _BIAS, _ACTIVITY,
              old={"input_dim": anything}),
        _kind("Activation", plain.same, {"activation": Key(activation)}),
        _kind("ReLU", plain.same, rectifier),
        _kind("LeakyReLU", plain.same, slope),
        _kind("PReLU", plain.prelu, _array("alpha", "zeros"), shared),
        _kind("ELU", plain.same, {"alpha": Key(real(), 1.0)}),
        _kind("Softmax", plain.on_axes, {"axis": Key(axes, -1)}),
        _kind("Dropout", plain.same, {"rate": Key(_rate)}, _SEEDED, _NO_NOISE),
        _kind("AlphaDropout", plain.same, {"rate": Key(_rate_below_1)}, _SEEDED, _NO_NOISE),
        _kind("GaussianDropout", plain.same, {"rate": Key(_rate_below_1)}, _SEEDED),
        _kind("GaussianNoise", plain.same, {"stddev": Key(real(0.0))}, _SEEDED),
        _kind("ActivityRegularization", plain.same, {"l1": Key(real(0.0), 0.0), "l2": Key(real(0.0), 0.0)}),
        _kind("Masking", plain.same, {"mask_value": Key(real(), 0.0)}),
        _kind("Identity", plain.same),
        _kind("BatchNormalization", plain.batch_normalization, _NORM,
              {"axis": Key(_one_axis, -1), "momentum": Key(real(0.0, 1.0), 0.99), "synchronized": Key(only(False), False),
               "moving_mean_initializer": _initial("zeros"), "moving_variance_initializer": _initial("ones")}, old=_BATCH_OLD),
        _kind("LayerNormalization", plain.layer_normalization, _NORM, old={"rms_scaling": only(False)}),
        _kind("GroupNormalization", plain.group_normalization, _NORM, {"axis": Key(integer(-16, 16), -1), "groups": Key(integer(-1), 32)}),
        _kind("UnitNormalization", plain.on_axes, {"axis": Key(axes, -1)}),
        _kind("RMSNormalization", plain.rms_normalization, {"axis": Key(axes, -1), "epsilon": Key(real(0.0), 1e-6)}),
        _kind("Rescaling", plain.rescaling, {"scale": Key(numbers), "offset": Key(numbers, 0.0)}),
        _kind("Normalization", plain.normalization, {"axis": Key(_kept_axes, [-1]), "mean": Key(numbers), "variance": Key(numbers),
                                                    "invert": Key(boolean, False)}),
    ]  # fmt: skip


def _one_axis(value: JsonValue) -> JsonValue:
    """Keras 2 wrote the axis of BatchNormalization as a list of one."""
    return integer(-16, 16)(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _kept_axes(value: JsonValue) -> list[int]:
    found = [] if value in (None, []) else axes(value)
    return found if isinstance(found, list) else [found]


def _shape_kinds() -> list[LayerKind]:
    return [
        LayerKind("InputLayer", {"batch_shape": Key(shape_with_batch), "dtype": Key(choice(*INPUT_TYPES), "float32"),
                                 "sparse": Key(only(False), False), "ragged": Key(only(False), False), "optional": Key(only(False), False)},
                  plain.input_layer, {"batch_input_shape": anything, "trainable": anything}),
        _kind("Flatten", plain.flatten, {"data_format": _format}),
        _kind("Reshape", plain.reshape, {"target_shape": Key(integer_list(-1))}),
        _kind("Permute", plain.permute, {"dims": Key(integer_list(1))}),
        _kind("RepeatVector", plain.repeat_vector, {"n": Key(_positive)}),
    ]  # fmt: skip


def _spatial_kinds() -> list[LayerKind]:
    return [kind for rank in (1, 2, 3) for kind in _kinds_of_rank(rank)]


def _kinds_of_rank(rank: int) -> list[LayerKind]:
    dims, two = f"{rank}D", [2] * rank
    transposed = {"output_padding": Key(optional(integers(rank, 0)), None)}
    place: Keys = {} if rank == 1 else {"data_format": _format}
    kinds = [
        _kind(f"Conv{dims}", spatial.conv(rank), {"filters": _FILTERS}, _KERNEL,
              _conv(rank, *_PADDINGS, *(("causal",) if rank == 1 else ()), groups=True)),
        _kind(f"Conv{dims}Transpose", spatial.conv_transpose(rank), {"filters": _FILTERS}, _KERNEL, _conv(rank, *_PADDINGS), transposed,
              old={"groups": only(1)}),
        _kind(f"MaxPooling{dims}", spatial.pooling(rank), _pooling(rank, two)),
        _kind(f"AveragePooling{dims}", spatial.pooling(rank), _pooling(rank, two)),
        *(_kind(f"Global{how}Pooling{dims}", spatial.global_pooling(rank), {"data_format": _format, "keepdims": Key(boolean, False)})
          for how in ("Max", "Average")),
        _kind(f"ZeroPadding{dims}", spatial.padding(rank), {"padding": Key(edges(rank), [[1, 1]] * rank), "data_format": _format}),
        _kind(f"Cropping{dims}", spatial.cropping(rank), {"cropping": Key(edges(rank), [[1, 1] if rank != 2 else [0, 0]] * rank)}, place),
        _up_sampling(rank, place),
        _spatial_dropout(rank),
    ]  # fmt: skip
    if rank < 3:
        causal = (*_PADDINGS, "causal") if rank == 1 else _PADDINGS
        kinds += [
            _kind(f"SeparableConv{dims}", spatial.separable(rank), {"filters": _FILTERS}, _DEPTH,
                  _array("pointwise", "glorot_uniform"), _conv(rank, *causal), old={**_UNUSED_KERNEL, "filters": anything}),
            _kind(f"DepthwiseConv{dims}", spatial.depthwise(rank), _DEPTH, _conv(rank, *_PADDINGS), old=_UNUSED_KERNEL),
        ]  # fmt: skip
    return kinds


def _up_sampling(rank: int, place: Keys) -> LayerKind:
    size = Key(integers(rank) if rank > 1 else _one_size, [2] * rank if rank > 1 else 2)
    how = (
        {"interpolation": Key(choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"), "nearest")}
        if rank == 2
        else {}
    )
    return _kind(f"UpSampling{rank}D", spatial.up_sampling(rank), {"size": size}, place, how)


def _one_size(value: JsonValue) -> JsonValue:
    return _positive(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _spatial_dropout(rank: int) -> LayerKind:
    # The only layers whose constructor takes no `trainable`; without weights it means nothing.
    keys = {"dtype": COMMON["dtype"], "rate": Key(_rate), **_SEEDED} | (
        {} if rank == 1 else {"data_format": _format}
    )
    old = {**COMMON_OLD, "trainable": boolean, "noise_shape": only(None)}
    return LayerKind(f"SpatialDropout{rank}D", keys, cast(Rule, plain.spatial_dropout(rank)), old)


def _sequence_kinds() -> list[LayerKind]:
    heads = {
        "num_heads": Key(_positive), "key_dim": Key(_positive), "value_dim": Key(optional(_positive), None), "use_gate": Key(boolean, False),
        "output_shape": Key(optional(lambda v: integer_list(1)(v if isinstance(v, list) else [v])), None),
        "attention_axes": Key(only(None, [1]), None), "sliding_window": Key(only(None), None),
    }  # fmt: skip
    rnn: dict[str, Any] = {"old": _RNN_OLD, "takes_state": True}
    wrapped = {"wraps": ("layer",)}
    return [
        _kind("Embedding", sequence.embedding,
              {"input_dim": Key(_positive), "output_dim": Key(_positive), "mask_zero": Key(boolean, False)}, _array("embeddings", "uniform"),
              _ACTIVITY, old={"input_length": anything, "weights": only(None)}),
        _kind("SimpleRNN", sequence.recurrent(1, 1), _recurrent(gated=False), **rnn),
        _kind("LSTM", sequence.recurrent(4, 2), _recurrent(gated=True), {"unit_forget_bias": Key(boolean, True)}, **rnn),
        _kind("GRU", sequence.recurrent(3, 1), _recurrent(gated=True), {"reset_after": Key(boolean, True)}, **rnn),
        _kind("MultiHeadAttention", sequence.multi_head_attention, heads, _KERNEL, _BIAS, _ACTIVITY, _ATTENTION,
              inputs=("query", "value", "key"), call_switches=_SCORES,
              old={"flash_attention": only(None), "query_shape": anything, "key_shape": anything, "value_shape": anything}),
        _kind("Attention", sequence.attention, {"use_scale": Key(boolean, False), "score_mode": Key(choice("dot", "concat"), "dot")},
              _ATTENTION, takes_list=True, call_switches=_SCORES, old={"causal": only(False)}),
        _kind("AdditiveAttention", sequence.additive_attention, {"use_scale": Key(boolean, True)}, _ATTENTION, takes_list=True,
              call_switches=_SCORES, old={"causal": only(False)}),
        _kind("Bidirectional", _wrapper, {"merge_mode": Key(choice("concat", "sum", "mul", "ave", None), "concat")}, takes_state=True,
              wraps=("layer", "backward_layer"), old={"weights": only(None)}),
        _kind("TimeDistributed", _wrapper, **wrapped),
    ]  # fmt: skip


def _merge_kinds() -> list[LayerKind]:
    names = ("Add", "Multiply", "Average", "Maximum", "Minimum")
    dot_axes = Key(lambda v: integers(2, -16, 16)(v) if isinstance(v, list) else integer(-16, 16)(v))
    return [
        *(_kind(name, merge.elementwise, takes_list=True) for name in names),
        _kind("Subtract", merge.subtract, takes_list=True),
        _kind("Concatenate", merge.concatenate, {"axis": Key(integer(-16, 16), -1)}, takes_list=True),
        _kind("Dot", merge.dot, {"axes": dot_axes, "normalize": Key(boolean, False)}, takes_list=True),
    ]


LAYERS: Mapping[str, LayerKind] = {kind.class_name: kind for kind in _kinds()}
MODEL_CLASSES = ("Sequential", "Functional", "Model")
