"""The three networks that are looked into: a dense one, a small convolutional one, and a deep one."""

from __future__ import annotations

from typing import Any


def mlp() -> Any:
    """784-256-128-10."""
    import keras
    from keras import layers

    hidden = [layers.Dense(units, "relu") for units in (256, 128)]
    return keras.Sequential([keras.Input((784,)), *hidden, layers.Dense(10)], name="mlp")


def cnn() -> Any:
    """Two convolutions with pooling and two dense layers, as beginners build it for handwritten digits."""
    import keras
    from keras import layers

    convolutions = [
        layer
        for filters in (16, 32)
        for layer in (layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D())
    ]
    dense = [layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28, 1)), *convolutions, *dense], name="cnn")


def resnet_20() -> Any:
    """For CIFAR: 3 stages of 3 blocks with 16, 32 and 64 filters.

    Where a stage halves the image, its first block's shortcut is a 1 x 1 convolution (option B of the paper).
    Source: He et al. 2016, "Deep Residual Learning for Image Recognition", section 4.2.
    """
    import keras
    from keras import layers

    image = keras.Input((32, 32, 3))
    x = layers.ReLU()(_normalized(image, filters=16))
    for stage, filters in enumerate((16, 32, 64)):
        for number in range(3):
            x = _block(x, filters, strides=2 if stage and not number else 1)
    scores = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, scores, name="resnet_20")


def _block(x: Any, filters: int, *, strides: int) -> Any:
    from keras import layers

    inner = layers.ReLU()(_normalized(x, filters=filters, strides=strides))
    inner = _normalized(inner, filters=filters)
    shortcut = x if strides == 1 else _normalized(x, filters=filters, strides=strides, size=1)
    return layers.ReLU()(layers.Add()([inner, shortcut]))


def _normalized(x: Any, *, filters: int, strides: int = 1, size: int = 3) -> Any:
    """A convolution without bias, and batch normalization."""
    from keras import layers

    convolution = layers.Conv2D(
        filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
    )
    return layers.BatchNormalization()(convolution(x))
