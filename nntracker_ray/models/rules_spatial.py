"""Shape rules of convolution, pooling, padding, cropping and up-sampling layers.

Sources: the shape arithmetic of Keras 3 (`compute_conv_output_shape`, `compute_pooling_output_shape`,
`compute_conv_transpose_output_shape`), restated for one dimension; tests compare every rule with Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nntracker_ray.models.kinds import Built, Config, Rule, Shape, Weight, batched, of_rank
from nntracker_ray.models.values import RefusedError

Resize = Callable[[int, int], int]  # (size, dimension number) -> new size


def _split(config: Config, shape: Shape) -> tuple[Shape, int | None]:
    """Spatial dimensions and channels."""
    if config.get("data_format") == "channels_first":
        return shape[1:], shape[0]
    return shape[:-1], shape[-1]


def _joined(config: Config, spatial: Shape, channels: int | None) -> Shape:
    if config.get("data_format") == "channels_first":
        return (channels, *spatial)
    return (*spatial, channels)


def _channels(config: Config, shape: Shape) -> int:
    channels = _split(config, shape)[1]
    if channels is None:
        raise RefusedError(f"the number of channels of the input {batched(shape)} must be known")
    return channels


def _resized(config: Config, shape: Shape, resize: Resize) -> Shape:
    spatial, _ = _split(config, shape)
    sizes = tuple(None if size is None else resize(size, number) for number, size in enumerate(spatial))
    if any(size is not None and size < 1 for size in sizes):
        raise RefusedError(f"nothing would be left of the input {batched(shape)}: sizes {list(sizes)}")
    return sizes


def window_size(size: int, window: int, stride: int, padding: str) -> int:
    """Places of a window along one dimension."""
    if padding == "valid":
        return (size - window) // stride + 1
    return (size - 1) // stride + 1


def _windows(config: Config, window: Sequence[int]) -> Resize:
    dilation = config.get("dilation_rate", [1] * len(window))
    strides, padding = config["strides"] or window, config["padding"]

    def resize(size: int, number: int) -> int:
        reach = dilation[number] * (window[number] - 1) + 1
        return window_size(size, reach, strides[number], padding)

    return resize


def _no_stride_with_dilation(config: Config) -> None:
    if max(config["strides"]) > 1 and max(config["dilation_rate"]) > 1:
        raise RefusedError(
            "strides > 1 together with dilation_rate > 1 is not possible; set one of them to 1"
        )


def _bias(config: Config, size: int) -> tuple[Weight, ...]:
    return (Weight("bias", (size,)),) if config["use_bias"] else ()


def conv(rank: int) -> Rule:
    """Conv1D, Conv2D, Conv3D."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape = of_rank(inputs[0], rank + 1)
        _no_stride_with_dilation(config)
        channels, filters, groups = _channels(config, shape), config["filters"], config["groups"]
        if channels % groups or filters % groups:
            raise RefusedError(
                f"groups={groups} must divide the {channels} input channels and the {filters} filters"
            )
        window = config["kernel_size"]
        spatial = _resized(config, shape, _windows(config, window))
        kernel = Weight("kernel", (*window, channels // groups, filters))
        return Built((_joined(config, spatial, filters),), (kernel, *_bias(config, filters)))

    return rule


def conv_transpose(rank: int) -> Rule:
    """Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape = of_rank(inputs[0], rank + 1)
        _no_stride_with_dilation(config)
        spatial = _resized(config, shape, _transposed(config))
        channels, filters = _channels(config, shape), config["filters"]
        kernel = Weight("kernel", (*config["kernel_size"], filters, channels))
        return Built((_joined(config, spatial, filters),), (kernel, *_bias(config, filters)))

    return rule


def _transposed(config: Config) -> Resize:
    extra = config["output_padding"]
    if extra and any(pad >= stride for pad, stride in zip(extra, config["strides"], strict=True)):
        raise RefusedError(f"output_padding {extra} must be smaller than strides {config['strides']}")

    def resize(size: int, number: int) -> int:
        stride = config["strides"][number]
        reach = (config["kernel_size"][number] - 1) * config["dilation_rate"][number] + 1
        if config["padding"] == "valid":
            pad = max(reach, stride) - reach if extra is None else extra[number]
            return int((size - 1) * stride + reach + pad)
        return int(size * stride if extra is None else (size - 1) * stride + reach % 2 + extra[number])

    return resize


def depthwise(rank: int) -> Rule:
    """DepthwiseConv1D, DepthwiseConv2D."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape = of_rank(inputs[0], rank + 1)
        spatial, channels = _depthwise_size(config, shape)
        out = channels * config["depth_multiplier"]
        kernel = Weight("kernel", (*config["kernel_size"], channels, config["depth_multiplier"]))
        return Built((_joined(config, spatial, out),), (kernel, *_bias(config, out)))

    return rule


def separable(rank: int) -> Rule:
    """SeparableConv1D, SeparableConv2D."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape = of_rank(inputs[0], rank + 1)
        spatial, channels = _depthwise_size(config, shape)
        many, filters = config["depth_multiplier"], config["filters"]
        weights = (
            Weight("depthwise_kernel", (*config["kernel_size"], channels, many)),
            Weight("pointwise_kernel", (*[1] * rank, channels * many, filters)),
        )
        return Built((_joined(config, spatial, filters),), (*weights, *_bias(config, filters)))

    return rule


def _depthwise_size(config: Config, shape: Shape) -> tuple[Shape, int]:
    _no_stride_with_dilation(config)
    if len(set(config["strides"])) > 1:
        raise RefusedError(
            f"strides {config['strides']} must be equal in all dimensions for a depthwise convolution"
        )
    return _resized(config, shape, _windows(config, config["kernel_size"])), _channels(config, shape)


def pooling(rank: int) -> Rule:
    """MaxPooling and AveragePooling."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape = of_rank(inputs[0], rank + 1)
        spatial = _resized(config, shape, _windows(config, config["pool_size"]))
        return Built((_joined(config, spatial, _split(config, shape)[1]),))

    return rule


def global_pooling(rank: int) -> Rule:
    """GlobalMaxPooling and GlobalAveragePooling."""

    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        channels = _split(config, of_rank(inputs[0], rank + 1))[1]
        kept: Shape = (1,) * rank if config["keepdims"] else ()
        return Built((_joined(config, kept, channels),))

    return rule


def padding(rank: int) -> Rule:
    """ZeroPadding."""
    return _per_dimension(rank, lambda config: lambda size, n: size + sum(_pairs(config["padding"])[n]))


def cropping(rank: int) -> Rule:
    """Cropping."""
    return _per_dimension(rank, lambda config: lambda size, n: size - sum(_pairs(config["cropping"])[n]))


def _pairs(given: Sequence[Any]) -> Sequence[Sequence[int]]:
    """[[before, after], ...], also for the bare pair of one dimension."""
    return given if isinstance(given[0], list) else [given]


def up_sampling(rank: int) -> Rule:
    """UpSampling."""
    return _per_dimension(rank, lambda config: lambda size, n: size * _times(config["size"], n))


def _times(size: int | Sequence[int], number: int) -> int:
    return size if isinstance(size, int) else size[number]


def _per_dimension(rank: int, resize_of: Callable[[Config], Resize]) -> Rule:
    def rule(config: Config, inputs: tuple[Shape, ...]) -> Built:
        shape = of_rank(inputs[0], rank + 1)
        spatial = _resized(config, shape, resize_of(config))
        return Built((_joined(config, spatial, _split(config, shape)[1]),))

    return rule
