"""Allow-list: dense, normalising, activation, noise, reshaping and input layers."""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.models import rules_plain as plain
from nntracker_ray.models.functions import activation
from nntracker_ray.models.kinds import Key, LayerKind
from nntracker_ray.models.table_keys import (
    ACTIVITY,
    BIAS,
    FORMAT,
    INPUT_TYPES,
    KERNEL,
    NO_NOISE,
    POSITIVE,
    RATE,
    RATE_BELOW_1,
    SEEDED,
    Keys,
    array,
    initial_key,
    kind_of,
)
from nntracker_ray.models.values import (
    Check,
    anything,
    axes,
    boolean,
    choice,
    integer,
    integer_list,
    numbers,
    only,
    optional,
    real,
    shape_with_batch,
)
from nntracker_ray.records import JsonValue

_NORM: Keys = {
    "axis": Key(axes, -1),
    "epsilon": Key(real(0.0), 1e-3),
    "center": Key(boolean, True),
    "scale": Key(boolean, True),
    **array("beta", "zeros"),
    **array("gamma", "ones"),
}
_BATCH_OLD: Mapping[str, Check] = {
    "renorm": only(False),
    "renorm_clipping": anything,
    "renorm_momentum": anything,
    "fused": anything,
    "virtual_batch_size": only(None),
    "adjustment": only(None),
}


def plain_kinds() -> list[LayerKind]:
    """Layers that keep the shape of their input, and Dense."""
    return [*_dense_and_activations(), *_noise(), *_normalising()]


def _dense_and_activations() -> list[LayerKind]:
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
        kind_of(
            "Dense",
            plain.dense,
            {"units": Key(POSITIVE), "activation": Key(activation, "linear")},
            KERNEL,
            BIAS,
            ACTIVITY,
            old={"input_dim": anything},
        ),
        kind_of("Activation", plain.same, {"activation": Key(activation)}),
        kind_of("ReLU", plain.same, rectifier),
        kind_of("LeakyReLU", plain.same, slope),
        kind_of("PReLU", plain.prelu, array("alpha", "zeros"), shared),
        kind_of("ELU", plain.same, {"alpha": Key(real(), 1.0)}),
        kind_of("Softmax", plain.on_axes, {"axis": Key(axes, -1)}),
    ]


def _noise() -> list[LayerKind]:
    return [
        kind_of("Dropout", plain.same, {"rate": Key(RATE)}, SEEDED, NO_NOISE),
        kind_of("AlphaDropout", plain.same, {"rate": Key(RATE_BELOW_1)}, SEEDED, NO_NOISE),
        kind_of("GaussianDropout", plain.same, {"rate": Key(RATE_BELOW_1)}, SEEDED),
        kind_of("GaussianNoise", plain.same, {"stddev": Key(real(0.0))}, SEEDED),
        kind_of("ActivityRegularization", plain.same, {"l1": Key(real(0.0), 0.0), "l2": Key(real(0.0), 0.0)}),
        kind_of("Masking", plain.same, {"mask_value": Key(real(), 0.0)}),
        kind_of("Identity", plain.same),
    ]


def _normalising() -> list[LayerKind]:
    return [
        kind_of(
            "BatchNormalization",
            plain.batch_normalization,
            _NORM,
            {
                "axis": Key(_one_axis, -1),
                "momentum": Key(real(0.0, 1.0), 0.99),
                "synchronized": Key(only(False), False),
                "moving_mean_initializer": initial_key("zeros"),
                "moving_variance_initializer": initial_key("ones"),
            },
            old=_BATCH_OLD,
        ),
        kind_of("LayerNormalization", plain.layer_normalization, _NORM, old={"rms_scaling": only(False)}),
        kind_of(
            "GroupNormalization",
            plain.group_normalization,
            _NORM,
            {"axis": Key(integer(-16, 16), -1), "groups": Key(integer(-1), 32)},
        ),
        kind_of("UnitNormalization", plain.on_axes, {"axis": Key(axes, -1)}),
        kind_of(
            "RMSNormalization",
            plain.rms_normalization,
            {"axis": Key(axes, -1), "epsilon": Key(real(0.0), 1e-6)},
        ),
        kind_of("Rescaling", plain.rescaling, {"scale": Key(numbers), "offset": Key(numbers, 0.0)}),
        kind_of(
            "Normalization",
            plain.normalization,
            {
                "axis": Key(_kept_axes, [-1]),
                "mean": Key(numbers),
                "variance": Key(numbers),
                "invert": Key(boolean, False),
            },
        ),
    ]


def _one_axis(value: JsonValue) -> JsonValue:
    """Keras 2 wrote the axis of BatchNormalization as a list of one."""
    return integer(-16, 16)(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _kept_axes(value: JsonValue) -> list[int]:
    found = [] if value in (None, []) else axes(value)
    return found if isinstance(found, list) else [found]


def shape_kinds() -> list[LayerKind]:
    """Input and reshaping layers."""
    return [
        LayerKind(
            "InputLayer",
            {
                "batch_shape": Key(shape_with_batch),
                "dtype": Key(choice(*INPUT_TYPES), "float32"),
                "sparse": Key(only(False), False),
                "ragged": Key(only(False), False),
                "optional": Key(only(False), False),
            },
            plain.input_layer,
            {"batch_input_shape": anything, "trainable": anything},
        ),
        kind_of("Flatten", plain.flatten, {"data_format": FORMAT}),
        kind_of("Reshape", plain.reshape, {"target_shape": Key(integer_list(-1))}),
        kind_of("Permute", plain.permute, {"dims": Key(integer_list(1))}),
        kind_of("RepeatVector", plain.repeat_vector, {"n": Key(POSITIVE)}),
    ]
