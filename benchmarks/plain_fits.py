"""The same small trainings without us: a plain loop, and stock Ray Tune with a fresh process for each trial."""

from __future__ import annotations

import itertools
import os
import sys
from typing import Any

import numpy as np

OPTIMIZERS = ("adam", "sgd")
LEARNING_RATES = (0.001, 0.003, 0.01)
FOLDS, REPEATS, EPOCHS, BATCH = 2, 4, 15, 32

Point = tuple[str, float, int, int]  # optimizer, learning rate, fold, repeat
POINTS: list[Point] = list(itertools.product(OPTIMIZERS, LEARNING_RATES, range(FOLDS), range(REPEATS)))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images of 64 pixels, scaled to 0-1, and their labels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.data / 16).astype("float32"), data.target.astype("int64")


def prepare_once(_number: int = 0) -> int:
    """Load TensorFlow with one thread, as a trial of one core does, and fit once. Returns the process's number."""
    if "tensorflow" not in sys.modules:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        fit(POINTS[0], epochs=1)
    return os.getpid()


def prepare_and_fit(number: int) -> float:
    """A trial in a process of its own: TensorFlow is loaded, then the numbered point is fitted."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    return fit(POINTS[number])


def fit(point: Point, epochs: int = EPOCHS) -> float:
    """One training, as anybody would write it. Returns its last validation loss."""
    import keras

    optimizer, rate, fold, repeat = point
    keras.backend.clear_session()
    keras.utils.set_random_seed(repeat)
    x, y = digits()
    held_out = np.arange(len(x)) % FOLDS == fold
    layers = [
        keras.Input((64,)),
        keras.layers.Dense(32, "relu", name="hidden"),
        keras.layers.Dense(10, name="scores"),
    ]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    chosen = keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": rate}})
    model.compile(optimizer=chosen, loss=loss, metrics=["accuracy"])
    validation = (x[held_out], y[held_out])
    history = model.fit(
        x[~held_out], y[~held_out], validation_data=validation, epochs=epochs, batch_size=BATCH, verbose=0
    )
    return float(history.history["val_loss"][-1])


def experiment() -> dict[str, Any]:
    """The same grid as an experiment of ours; its data and model lie beside it."""
    return {
        "name": "Small runs",
        "model": "model.json",
        "dataset_train": "digits.npz",
        "train_feature_name": "x",
        "train_label_name": "y",
        "batch_size": BATCH,
        "total_epochs": EPOCHS,
        "optimizers": list(OPTIMIZERS),
        "loss_functions": [{"loss_function": "SparseCategoricalCrossentropy", "conf": {"from_logits": True}}],
        "learning_rates": list(LEARNING_RATES),
        "k-fold_validation": FOLDS,
        "repeats": REPEATS,
    }


MODEL = {
    "class_name": "Sequential",
    "config": {
        "name": "small",
        "layers": [
            {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 64], "name": "pixels"}},
            {"class_name": "Dense", "config": {"name": "hidden", "units": 32, "activation": "relu"}},
            {"class_name": "Dense", "config": {"name": "scores", "units": 10}},
        ],
    },
}
