"""Shape rules of dense, reshaping, normalising and activation layers."""

from __future__ import annotations

from nntracker_ray.models.kinds import (
    Built,
    Config,
    Shape,
    Weight,
    batched,
    known,
    of_rank,
    position,
    size_at,
    volume,
)
from nntracker_ray.models.values import RefusedError, regular_shape


def same(_: Config, inputs: tuple[Shape, ...]) -> Built:
    """The output is shaped like the input."""
    return Built((inputs[0],))


def input_layer(config: Config, _: tuple[Shape, ...]) -> Built:
    """InputLayer."""
    return Built((tuple(config["batch_shape"][1:]),))


def dense(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Dense: (..., features) -> (..., units)."""
    features, units = size_at(inputs[0], -1), config["units"]
    bias = (Weight("bias", (units,)),) if config["use_bias"] else ()
    return Built(((*inputs[0][:-1], units),), (Weight("kernel", (features, units)), *bias))


def flatten(_: Config, inputs: tuple[Shape, ...]) -> Built:
    """Flatten."""
    return Built(((None if None in inputs[0] else volume(inputs[0]),),))


def reshape(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Reshape; one -1 is worked out."""
    target, shape = tuple(config["target_shape"]), inputs[0]
    if target.count(-1) > 1 or 0 in target:
        raise RefusedError(f"target_shape {list(target)} may hold one -1 and no 0")
    if None in shape:
        return Built((tuple(None if size == -1 else size for size in target),))
    fixed = volume(tuple(size for size in target if size != -1))
    rest, remainder = divmod(volume(shape), fixed)
    if remainder or (-1 not in target and rest != 1):
        raise RefusedError(
            f"target_shape {list(target)} does not hold the {volume(shape)} numbers of {batched(shape)}"
        )
    return Built((tuple(rest if size == -1 else size for size in target),))


def permute(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Permute; dimensions are counted from 1."""
    dims = config["dims"]
    if sorted(dims) != list(range(1, len(dims) + 1)):
        raise RefusedError(f"dims {dims} must hold each of 1 to {len(dims)} once")
    shape = of_rank(inputs[0], len(dims))
    return Built((tuple(shape[dim - 1] for dim in dims),))


def repeat_vector(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """RepeatVector: (features,) -> (n, features)."""
    return Built(((config["n"], *of_rank(inputs[0], 1)),))


def on_axes(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Softmax, UnitNormalization: same shape, the axes must exist."""
    _axes(config, inputs[0])
    return Built((inputs[0],))


def _axes(config: Config, shape: Shape) -> list[int]:
    """Positions (without batch) of the configured axis or axes, all different."""
    given = config["axis"]
    places = [position(shape, axis) for axis in (given if isinstance(given, list) else [given])]
    if len(set(places)) != len(places):
        raise RefusedError(f"axis {given} names a dimension of {batched(shape)} twice")
    return places


def batch_normalization(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """BatchNormalization: four arrays as long as the axis."""
    size = (size_at(inputs[0], config["axis"]),)
    names = [*_scale_and_center(config), "moving_mean", "moving_variance"]
    return Built((inputs[0],), tuple(Weight(name, size) for name in names))


def _scale_and_center(config: Config) -> list[str]:
    return [name for name, wanted in (("gamma", config["scale"]), ("beta", config["center"])) if wanted]


def layer_normalization(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """LayerNormalization over one or several axes."""
    shape = inputs[0]
    places = sorted(_axes(config, shape))
    if isinstance(config["axis"], list) and sorted(config["axis"]) != [p - len(shape) for p in places]:
        # Keras sorts the axes as they were written; only then do gamma and beta keep their meaning.
        places = [position(shape, axis) for axis in sorted(config["axis"])]
    sizes = known(tuple(shape[place] for place in places))
    return Built((shape,), tuple(Weight(name, sizes) for name in _scale_and_center(config)))


def rms_normalization(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """RMSNormalization."""
    sizes = known(tuple(inputs[0][place] for place in _axes(config, inputs[0])))
    return Built((inputs[0],), (Weight("scale", sizes),))


def group_normalization(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """GroupNormalization; groups=-1 makes each channel its own group."""
    shape, axis = inputs[0], config["axis"]
    channels = size_at(shape, axis)
    groups = channels if config["groups"] == -1 else config["groups"]
    if groups < 1 or channels % groups:
        raise RefusedError(
            f"groups={config['groups']} must divide the {channels} channels of {batched(shape)}"
        )
    if axis < -1:
        raise RefusedError(f"axis {axis}: give -1 or the axis counted from the front")
    return Built((shape,), tuple(Weight(name, (channels,)) for name in _scale_and_center(config)))


def normalization(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Normalization with given mean and variance: no arrays of its own."""
    shape = inputs[0]
    kept = known(tuple(shape[place] for place in sorted(_axes(config, shape)))) if config["axis"] else ()
    given = regular_shape(config["mean"])
    if given != regular_shape(config["variance"]):
        raise RefusedError("mean and variance must have the same shape")
    fits = len(given) <= len(kept) and all(
        size in (1, kept_size) for size, kept_size in zip(given[::-1], kept[::-1], strict=False)
    )
    if not fits:
        raise RefusedError(
            f"mean of shape {given} does not fit the axes {config['axis']} of {batched(shape)}: sizes {kept}"
        )
    return Built((shape,))


def rescaling(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Rescaling by a number, or by one number per entry of the last axis."""
    for key in ("scale", "offset"):
        shape = regular_shape(config[key])
        if shape and (len(shape) > 1 or shape[0] not in (1, inputs[0][-1])):
            raise RefusedError(f"{key} of shape {shape} does not fit the last axis of {batched(inputs[0])}")
    return Built((inputs[0],))


def prelu(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """PReLU: one slope per input number, shared along `shared_axes` (counted from 1)."""
    shared = config["shared_axes"] or []
    if any(axis > len(inputs[0]) for axis in shared):
        raise RefusedError(f"shared_axes {shared} go beyond the input {batched(inputs[0])}")
    shape = tuple(1 if number in shared else size for number, size in enumerate(inputs[0], start=1))
    return Built((inputs[0],), (Weight("alpha", known(shape)),))


def spatial_dropout(rank: int) -> object:
    """SpatialDropout: any input of `rank` spatial dimensions and channels."""

    def rule(_: Config, inputs: tuple[Shape, ...]) -> Built:
        return Built((of_rank(inputs[0], rank + 1),))

    return rule
