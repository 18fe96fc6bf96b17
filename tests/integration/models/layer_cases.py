"""One live example of every promised layer, and of its variants: (name, how to make it, input shapes)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers as kl

from nntracker_ray.models.functions import ACTIVATIONS

Case = tuple[str, Callable[[], Any], tuple[tuple[int | None, ...], ...]]

ROW, IMAGE, SEQUENCE, VOLUME, WORDS = (6,), (8, 9, 4), (7, 4), (6, 7, 8, 4), (5,)


def _case(make: Callable[[], Any], *shapes: tuple[int | None, ...], name: str = "") -> Case:
    return (name, make, shapes)


_IN_EVERY_RANK: list[tuple[str, dict[str, Any]]] = [
    ("Conv?", {"filters": 5, "kernel_size": 3, "activation": "relu", "kernel_regularizer": "l2"}),
    ("Conv?", {"filters": 4, "kernel_size": 2, "strides": 2, "padding": "same", "use_bias": False}),
    ("Conv?", {"filters": 4, "kernel_size": 2, "dilation_rate": 2}),
    ("Conv?", {"filters": 4, "kernel_size": 2, "groups": 2}),
    ("Conv?Transpose", {"filters": 5, "kernel_size": 3, "strides": 2}),
    ("Conv?Transpose", {"filters": 5, "kernel_size": 2, "strides": 2, "padding": "same"}),
    (
        "Conv?Transpose",
        {"filters": 5, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
    ),
    ("Conv?Transpose", {"filters": 5, "kernel_size": 2, "strides": 3}),
    ("MaxPooling?", {}),
    ("MaxPooling?", {"pool_size": 3, "strides": 2, "padding": "same"}),
    ("AveragePooling?", {"pool_size": 2}),
    ("AveragePooling?", {"pool_size": 3, "strides": 1}),
    ("GlobalMaxPooling?", {}),
    ("GlobalAveragePooling?", {"keepdims": True}),
    ("ZeroPadding?", {"padding": 2}),
    ("Cropping?", {"cropping": 1}),
    ("UpSampling?", {"size": 2}),
    ("SpatialDropout?", {"rate": 0.3}),
]


def _spatial() -> list[Case]:
    found: list[Case] = []
    for rank, shape in ((1, SEQUENCE), (2, IMAGE), (3, VOLUME)):
        for stem, arguments in _IN_EVERY_RANK:
            found.append(_case(partial(getattr(kl, stem.replace("?", f"{rank}D")), **arguments), shape))
        found.append(_case(partial(getattr(kl, f"Conv{rank}D"), 4, 2), (*([None] * rank), 4)))
    return found


def _more_spatial() -> list[Case]:
    return [
        _case(lambda: kl.Conv1D(3, 2, padding="causal"), SEQUENCE),
        _case(lambda: kl.Conv2D(3, 2, data_format="channels_first"), (4, 8, 9)),
        _case(lambda: kl.Conv2D(3, (2, 3), strides=(1, 2)), IMAGE),
        _case(lambda: kl.MaxPooling2D(2, data_format="channels_first"), (4, 8, 9)),
        _case(lambda: kl.GlobalAveragePooling2D(data_format="channels_first"), (4, 8, 9)),
        _case(lambda: kl.ZeroPadding2D(((1, 2), (3, 4)), data_format="channels_first"), (4, 8, 9)),
        _case(lambda: kl.ZeroPadding2D((1, 2)), IMAGE),
        _case(lambda: kl.ZeroPadding1D((0, 2)), SEQUENCE),
        _case(lambda: kl.Cropping2D(((1, 2), (3, 1))), IMAGE),
        _case(lambda: kl.Cropping1D((0, 3)), SEQUENCE),
        _case(lambda: kl.UpSampling2D((2, 3), interpolation="bilinear"), IMAGE),
        _case(lambda: kl.SeparableConv1D(5, 3, depth_multiplier=2), SEQUENCE),
        _case(lambda: kl.SeparableConv2D(5, 3, strides=2, padding="same"), IMAGE),
        _case(lambda: kl.SeparableConv2D(5, 2, dilation_rate=2, use_bias=False), IMAGE),
        _case(lambda: kl.DepthwiseConv1D(3, depth_multiplier=2), SEQUENCE),
        _case(lambda: kl.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=3), IMAGE),
        _case(lambda: kl.DepthwiseConv2D((2, 3), activation="silu"), IMAGE),
    ]


def _plain() -> list[Case]:
    return [
        _case(lambda: kl.Dense(3), ROW),
        _case(
            lambda: kl.Dense(3, use_bias=False, activation="softmax", kernel_constraint="max_norm"), (4, 6)
        ),
        _case(
            lambda: kl.Dense(
                3, kernel_initializer=keras.initializers.HeNormal(seed=3), activity_regularizer="l1"
            ),
            ROW,
        ),
        _case(
            lambda: kl.Dense(
                3, kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_out", "uniform")
            ),
            ROW,
        ),
        _case(
            lambda: kl.Dense(
                6, kernel_initializer="identity", bias_initializer=keras.initializers.Constant(0.5)
            ),
            ROW,
        ),
        _case(
            lambda: kl.Dense(3, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), dtype="mixed_float16"),
            ROW,
        ),
        _case(kl.Flatten, IMAGE),
        _case(lambda: kl.Flatten(data_format="channels_first"), IMAGE),
        _case(kl.Flatten, (None, 4)),
        _case(lambda: kl.Reshape((3, -1)), ROW),
        _case(lambda: kl.Reshape((6, 12, 4)), IMAGE),
        _case(lambda: kl.Reshape((-1, 2)), (None, 4)),
        _case(lambda: kl.Permute((3, 1, 2)), IMAGE),
        _case(lambda: kl.RepeatVector(3), ROW),
        _case(kl.BatchNormalization, IMAGE),
        _case(lambda: kl.BatchNormalization(axis=1, scale=False), IMAGE),
        _case(lambda: kl.BatchNormalization(center=False, momentum=0.9), ROW),
        _case(kl.LayerNormalization, SEQUENCE),
        _case(lambda: kl.LayerNormalization(axis=[1, 2], center=False), IMAGE),
        _case(lambda: kl.LayerNormalization(axis=[-1, -2]), IMAGE),
        _case(lambda: kl.GroupNormalization(2), IMAGE),
        _case(lambda: kl.GroupNormalization(-1), IMAGE),
        _case(lambda: kl.GroupNormalization(4, axis=1), IMAGE),
        _case(kl.UnitNormalization, SEQUENCE),
        _case(lambda: kl.UnitNormalization(axis=[1, 2]), IMAGE),
        _case(kl.RMSNormalization, SEQUENCE),
        _case(lambda: kl.Dropout(0.5, seed=3), ROW),
        _case(lambda: kl.AlphaDropout(0.5), ROW),
        _case(lambda: kl.GaussianDropout(0.5), ROW),
        _case(lambda: kl.GaussianNoise(0.5), ROW),
        _case(lambda: kl.ActivityRegularization(l1=0.1), ROW),
        _case(kl.ReLU, ROW),
        _case(lambda: kl.ReLU(max_value=6.0, negative_slope=0.1, threshold=0.5), ROW),
        _case(lambda: kl.LeakyReLU(0.2), ROW),
        _case(kl.PReLU, SEQUENCE),
        _case(lambda: kl.PReLU(shared_axes=[1, 2]), IMAGE),
        _case(lambda: kl.ELU(0.7), ROW),
        _case(kl.Softmax, ROW),
        _case(lambda: kl.Softmax(axis=[1, 2]), IMAGE),
        _case(lambda: kl.Rescaling(1 / 255.0, offset=-1.0), IMAGE),
        _case(lambda: kl.Rescaling([1.0, 2.0, 3.0, 4.0]), IMAGE),
        _case(lambda: kl.Normalization(mean=3.0, variance=2.0), IMAGE),
        _case(lambda: kl.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 2.0, 3.0, 4.0]), IMAGE),
        _case(lambda: kl.Normalization(axis=None, mean=1.0, variance=2.0, invert=True), IMAGE),
        _case(kl.Identity, ROW),
        _case(lambda: kl.Masking(0.5), SEQUENCE),
    ]


def _sequences() -> list[Case]:
    return [
        _case(lambda: kl.Embedding(10, 3), WORDS),
        _case(lambda: kl.Embedding(10, 3, mask_zero=True), (None,)),
        _case(lambda: kl.SimpleRNN(3), SEQUENCE),
        _case(lambda: kl.SimpleRNN(3, return_sequences=True, use_bias=False), (None, 4)),
        _case(lambda: kl.LSTM(3, return_sequences=True, dropout=0.1, recurrent_dropout=0.1), SEQUENCE),
        _case(lambda: kl.LSTM(3, unroll=True, go_backwards=True, unit_forget_bias=False), SEQUENCE),
        _case(lambda: kl.GRU(3, return_sequences=True), SEQUENCE),
        _case(lambda: kl.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid"), SEQUENCE),
        _case(lambda: kl.Bidirectional(kl.LSTM(3)), SEQUENCE),
        _case(lambda: kl.Bidirectional(kl.GRU(3, return_sequences=True), merge_mode="sum"), SEQUENCE),
        _case(lambda: kl.Bidirectional(kl.LSTM(3), backward_layer=kl.LSTM(3, go_backwards=True)), SEQUENCE),
        _case(lambda: kl.Bidirectional(kl.LSTM(3), merge_mode=None), SEQUENCE),
        _case(lambda: kl.Bidirectional(kl.SimpleRNN(3, return_state=True)), SEQUENCE),
        _case(lambda: kl.LSTM(3, return_state=True), SEQUENCE),
        _case(lambda: kl.TimeDistributed(kl.Dense(3)), SEQUENCE),
        _case(lambda: kl.TimeDistributed(kl.Conv2D(3, 2)), VOLUME),
        _case(
            lambda: kl.TimeDistributed(keras.Sequential([keras.Input(IMAGE), kl.Conv2D(3, 2), kl.Flatten()])),
            (2, *IMAGE),
        ),
        _case(lambda: kl.MultiHeadAttention(2, 3), (5, 4), (6, 4)),
        _case(
            lambda: kl.MultiHeadAttention(2, 3, value_dim=5, output_shape=7, use_bias=False),
            (5, 4),
            (6, 4),
            (6, 2),
        ),
        _case(lambda: kl.MultiHeadAttention(2, 3, dropout=0.1, use_gate=True), (5, 4), (6, 4)),
    ]


def _lists() -> list[Case]:
    merges = (kl.Add, kl.Multiply, kl.Average, kl.Maximum, kl.Minimum)
    return [
        *(_case(merge, ROW, ROW, ROW) for merge in merges),
        _case(kl.Subtract, ROW, ROW),
        _case(kl.Add, (4, 6), (6,)),
        _case(kl.Multiply, (1, 6), (4, 1)),
        _case(kl.Add, (None, 6), (4, 6)),
        _case(kl.Concatenate, (4, 3), (4, 5)),
        _case(lambda: kl.Concatenate(axis=1), (4, 3), (2, 3)),
        _case(kl.Concatenate, (None, 3), (4, 3)),
        _case(lambda: kl.Dot(1), ROW, ROW),
        _case(lambda: kl.Dot((2, 1), normalize=True), (4, 3), (3, 5)),
        _case(lambda: kl.Dot(-1), (4, 3), (5, 3)),
        _case(kl.Attention, (5, 4), (6, 4)),
        _case(lambda: kl.Attention(use_scale=True, score_mode="concat", dropout=0.1), (5, 4), (6, 3), (6, 4)),
        _case(kl.AdditiveAttention, (5, 4), (6, 4)),
    ]


def _activations() -> list[Case]:
    """All activations in one model: they differ in nothing but their name."""
    return [
        _case(
            lambda: keras.Sequential([keras.Input((3, 4)), *map(kl.Activation, ACTIVATIONS)]),
            (3, 4),
            name="activations",
        )
    ]


LISTED = (
    "Add",
    "Multiply",
    "Average",
    "Maximum",
    "Minimum",
    "Subtract",
    "Concatenate",
    "Dot",
    "Attention",
    "AdditiveAttention",
)


def all_cases() -> list[tuple[str, Callable[[], Any], tuple[tuple[int | None, ...], ...]]]:
    """Every case with a readable, unique name."""
    found = [*_plain(), *_spatial(), *_more_spatial(), *_sequences(), *_lists(), *_activations()]
    names: dict[str, int] = {}
    named = []
    for name, make, shapes in found:
        stem = type(make()).__name__ + (f"-{name}" if name else "")
        names[stem] = names.get(stem, 0) + 1
        named.append((f"{stem}-{names[stem]}", make, shapes))
    return named
