"""Allow-list: convolution, pooling, padding, cropping and up-sampling in 1 to 3 dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from nntracker_ray.models import rules_plain as plain
from nntracker_ray.models import rules_spatial as spatial
from nntracker_ray.models.functions import activation
from nntracker_ray.models.kinds import Key, LayerKind, Rule
from nntracker_ray.models.table_keys import (
    ACTIVITY,
    BIAS,
    COMMON,
    COMMON_OLD,
    FORMAT,
    KERNEL,
    POSITIVE,
    RATE,
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
    edges,
    integers,
    only,
    optional,
)
from nntracker_ray.records import JsonValue


def _conv(rank: int, *paddings: str, groups: bool = False) -> Keys:
    keys = {
        "kernel_size": Key(integers(rank)),
        "strides": Key(integers(rank), [1] * rank),
        "padding": Key(choice(*paddings), "valid"),
        "data_format": FORMAT,
        "dilation_rate": Key(integers(rank), [1] * rank),
        "activation": Key(activation, "linear"),
        **BIAS,
        **ACTIVITY,
    }
    return keys | ({"groups": Key(POSITIVE, 1)} if groups else {})


_FILTERS = Key(POSITIVE)
_PADDINGS = ("valid", "same")
_DEPTH: Keys = {"depth_multiplier": Key(POSITIVE, 1), **array("depthwise", "glorot_uniform")}
# Keras 2 wrote every argument of its common base class; those of the plain kernel mean nothing here.
_UNUSED_KERNEL: Mapping[str, Check] = {
    f"kernel_{part}": anything for part in ("initializer", "regularizer", "constraint")
} | {"groups": only(1), "filters": only(None)}


def _pooling(rank: int, size: JsonValue) -> Keys:
    return {
        "pool_size": Key(integers(rank), size),
        "strides": Key(optional(integers(rank)), None),
        "padding": Key(choice(*_PADDINGS), "valid"),
        "data_format": FORMAT,
    }


def spatial_kinds() -> list[LayerKind]:
    """Layers over 1 to 3 spatial dimensions."""
    return [kind for rank in (1, 2, 3) for kind in _kinds_of_rank(rank)]


def _kinds_of_rank(rank: int) -> list[LayerKind]:
    dims, two = f"{rank}D", [2] * rank
    transposed = {"output_padding": Key(optional(integers(rank, 0)), None)}
    place: Keys = {} if rank == 1 else {"data_format": FORMAT}
    kinds = [
        kind_of(
            f"Conv{dims}",
            spatial.conv(rank),
            {"filters": _FILTERS},
            KERNEL,
            _conv(rank, *_PADDINGS, *(("causal",) if rank == 1 else ()), groups=True),
        ),
        kind_of(
            f"Conv{dims}Transpose",
            spatial.conv_transpose(rank),
            {"filters": _FILTERS},
            KERNEL,
            _conv(rank, *_PADDINGS),
            transposed,
            old={"groups": only(1)},
        ),
        kind_of(f"MaxPooling{dims}", spatial.pooling(rank), _pooling(rank, two)),
        kind_of(f"AveragePooling{dims}", spatial.pooling(rank), _pooling(rank, two)),
        *(
            kind_of(
                f"Global{how}Pooling{dims}",
                spatial.global_pooling(rank),
                {"data_format": FORMAT, "keepdims": Key(boolean, False)},
            )
            for how in ("Max", "Average")
        ),
        kind_of(
            f"ZeroPadding{dims}",
            spatial.padding(rank),
            {"padding": Key(edges(rank), edges(rank)(1)), "data_format": FORMAT},
        ),
        kind_of(
            f"Cropping{dims}",
            spatial.cropping(rank),
            {"cropping": Key(edges(rank), edges(rank)(0 if rank == 2 else 1))},
            place,
        ),
        _up_sampling(rank, place),
        _spatial_dropout(rank),
    ]
    if rank < 3:
        kinds += [
            kind_of(
                f"SeparableConv{dims}",
                spatial.separable(rank),
                {"filters": _FILTERS},
                _DEPTH,
                array("pointwise", "glorot_uniform"),
                _conv(rank, *_PADDINGS),
                old={**_UNUSED_KERNEL, "filters": anything},
            ),
            kind_of(
                f"DepthwiseConv{dims}",
                spatial.depthwise(rank),
                _DEPTH,
                _conv(rank, *_PADDINGS),
                old=_UNUSED_KERNEL,
            ),
        ]
    return kinds


def _up_sampling(rank: int, place: Keys) -> LayerKind:
    size = Key(integers(rank) if rank > 1 else _one_size, [2] * rank if rank > 1 else 2)
    how = (
        {"interpolation": Key(choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"), "nearest")}
        if rank == 2
        else {}
    )
    return kind_of(f"UpSampling{rank}D", spatial.up_sampling(rank), {"size": size}, place, how)


def _one_size(value: JsonValue) -> JsonValue:
    return POSITIVE(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _spatial_dropout(rank: int) -> LayerKind:
    # The only layers whose constructor takes no `trainable`; without weights it means nothing.
    keys = {"dtype": COMMON["dtype"], "rate": Key(RATE), **SEEDED} | (
        {} if rank == 1 else {"data_format": FORMAT}
    )
    old = {**COMMON_OLD, "trainable": boolean, "noise_shape": only(None)}
    return LayerKind(f"SpatialDropout{rank}D", keys, cast(Rule, plain.spatial_dropout(rank)), old)
