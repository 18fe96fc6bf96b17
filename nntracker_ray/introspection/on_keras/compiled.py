"""Functions of tensors, compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def compiled(work: Callable[..., Any], *examples: Any) -> Any:
    """The work as one graph, for tensors like the examples with any number of rows; for any at all without examples.

    The last batch of an epoch is smaller, and must not be compiled anew.
    """
    if not examples:
        return quiet(tf.function(work, autograph=False, reduce_retracing=True))
    signature = [any_batch(example) for example in examples]
    return quiet(tf.function(work, autograph=False, input_signature=signature))


def any_batch(given: Any) -> Any:
    """The kind of these tensors, for any number of rows; a kind stays as it is."""
    return keras.tree.map_structure(_any_rows, given)


def _any_rows(one: Any) -> Any:
    return one if isinstance(one, tf.TensorSpec) else tf.TensorSpec([None, *one.shape[1:]], one.dtype)


def quiet(function: Any) -> Any:
    """The function of TensorFlow, which warns no more of being compiled often.

    It counts by the source: a process that trains its fifth run would be told of compiling the same for ever.
    """
    function._omit_frequent_tracing_warning = True
    return function
