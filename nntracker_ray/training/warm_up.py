"""What the first training of a process pays on top, paid beforehand."""

from __future__ import annotations

import numpy as np


def warm_up() -> None:
    """Import Keras and train a network of three numbers; records nothing. Call after `configure_process`."""
    import keras
    import tensorflow as tf

    from nntracker_ray.training.batches import BatchFeed

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["accuracy"])
    feed = BatchFeed(np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32), batch_size=2, seed=0)
    model.fit(feed.dataset, verbose=0, shuffle=False, validation_data=(tf.zeros((2, 2)), tf.zeros((2, 1))))
    keras.backend.clear_session()
