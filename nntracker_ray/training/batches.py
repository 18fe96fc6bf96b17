"""The batches of a run, each epoch in its own order. TensorFlow starts here."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf
from numpy.typing import NDArray

from nntracker_ray.training.data import IndexArray, epoch_order

AHEAD: Final = 2  # batches that are gathered while a step is made
# Rewriting a function that has no loop of its own takes time at each start and leaves a file behind in a process
# that is killed.
_as_it_is = tf.autograph.experimental.do_not_convert


class BatchFeed:
    """Batches for one `fit()` over all epochs, each epoch in its own order, entered at any batch.

    `enter` says which epoch the next pass over `dataset` is; the order is drawn when that pass begins. The
    rows stay where they are: a pass gathers its batches, nothing is copied per epoch.
    """

    def __init__(self, x: NDArray[Any], y: NDArray[Any], *, batch_size: int, seed: int) -> None:
        self._rows, self._batch_size, self._seed = len(x), batch_size, seed
        self._epoch = self._skipped = 0
        with tf.device("CPU:0"):  # held for the whole run: an accelerator has no room to spare
            self._held = tf.constant(x), tf.constant(y)
        self._order: tuple[int, IndexArray] | None = None
        self.batches = -(-self._rows // batch_size)  # per epoch, the last one may be smaller
        self.dataset = self._dataset()

    def enter(self, epoch: int, *, batches_done: int = 0) -> None:
        """Let the next pass be over what is left of an epoch."""
        self._epoch, self._skipped = epoch, batches_done

    def batch(self, epoch: int, number: int) -> tuple[tf.Tensor, tf.Tensor]:
        """One batch of an epoch by its 0-based number, for who looks at it beside the training."""
        rows = self._order_of(epoch)[number * self._batch_size : (number + 1) * self._batch_size]
        return _gather(tf.constant(rows), self._held)

    def _remaining_order(self) -> IndexArray:
        return self._order_of(self._epoch)[self._skipped * self._batch_size :]

    def _order_of(self, epoch: int) -> IndexArray:
        # Asked by the thread of the dataset and by the training's; drawn twice at worst.
        known = self._order
        if known is None or known[0] != epoch:
            self._order = known = epoch, epoch_order(self._seed, epoch, self._rows)
        return known[1]

    def _dataset(self) -> tf.data.Dataset:
        rows = tf.data.Dataset.from_tensors(self._held).repeat()
        indices = tf.data.Dataset.range(1).map(_as_it_is(self._draw)).flat_map(_as_it_is(self._cut))
        batches = tf.data.Dataset.zip((indices, rows)).map(_as_it_is(_gather))
        options = tf.data.Options()
        # As Keras does for arrays: optimising this graph costs more than it brings.
        options.experimental_optimization.apply_default_optimizations = False
        options.deterministic = True
        # With TensorFlow choosing how much to prepare ahead, now and then a step waits for a batch until the chooser
        # wakes up: 1 to 20 s, in one epoch of ten. Gathering rows needs no more than one thread anyway.
        options.autotune.enabled = False
        # A shortened epoch is left before its end, so the promised number is never found wrong.
        counted = batches.apply(tf.data.experimental.assert_cardinality(self.batches))
        return counted.with_options(options).prefetch(AHEAD)

    def _draw(self, _: tf.Tensor) -> tf.Tensor:
        order = tf.py_function(self._remaining_order, [], tf.int64)
        order.set_shape([None])
        return order

    def _cut(self, order: tf.Tensor) -> tf.data.Dataset:
        whole = tf.size(order) // self._batch_size * self._batch_size
        batches = tf.data.Dataset.from_tensor_slices(tf.reshape(order[:whole], [-1, self._batch_size]))
        if self._rows % self._batch_size:
            batches = batches.concatenate(tf.data.Dataset.from_tensors(order[whole:]))
        return batches


def _gather(indices: tf.Tensor, rows: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.gather(rows[0], indices), tf.gather(rows[1], indices)
