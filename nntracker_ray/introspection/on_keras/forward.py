"""Forward and backward passes that leave the model as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from nntracker_ray.introspection.on_keras.calls import Calls, heard_calls
from nntracker_ray.introspection.on_keras.network import Network


@dataclass(slots=True, eq=False)
class Passed:
    """What a pass has seen."""

    outputs: Any
    loss: Any = None
    # One for each trained variable; None where the loss does not hang on it.
    gradients: list[Any] = field(default_factory=list)
    calls: Calls = field(default_factory=dict)
    call_gradients: Calls = field(default_factory=dict)


def training_pass(
    network: Network, x: Any, y: Any, *, gradients: bool, calls: bool, call_gradients: bool
) -> Passed:
    """The pass of a training step, on the same batch with the same random masks, without the update.

    In a `keras.StatelessScope` nothing that the pass assigns (moving averages, states of random generators, running
    metrics) reaches the model.
    """
    model = network.model
    layers = network.called if calls or call_gradients else ()
    values = [tensor_of(variable) for variable in network.trained]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        if gradients:
            tape.watch(values)
        with (
            untouched(network, values),
            heard_calls(layers, tape.watch if call_gradients else _nobody) as heard,
        ):
            outputs = called(model, x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=None, training=True)
            scaled = model.optimizer.scale_loss(loss)
    passed = Passed(outputs, loss, calls=dict(heard))
    if gradients or call_gradients:
        places = list(heard) if call_gradients else []
        wanted = [*(values if gradients else []), *(heard[place] for place in places)]
        found = [_plain(model, one) for one in tape.gradient(scaled, wanted)]
        passed.gradients = found[: len(found) - len(places)]
        late = found[len(found) - len(places) :]
        passed.call_gradients = {
            place: one for place, one in zip(places, late, strict=True) if one is not None
        }
    return passed


def build_loss(model: keras.Model, x: Any, y: Any) -> None:
    """Let the loss make its variables, a running average for each of several outputs, where Keras has not yet.

    Made within a pass that must not touch the model they would belong to that pass.
    """
    loss = model._compile_loss
    if loss is None or loss.built:
        return
    given = keras.tree.map_structure(lambda one: keras.KerasTensor(one.shape, one.dtype.name), x)
    loss.build(y, keras.src.backend.compute_output_spec(model, given))


def inference_pass(network: Network, x: Any) -> Passed:
    """What every layer gives in inference mode."""
    with untouched(network, ()), heard_calls(network.called, _nobody) as heard:
        outputs = called(network.model, x, training=False)
    return Passed(outputs, calls=dict(heard))


def called(model: keras.Model, x: Any, *, training: bool) -> Any:
    """The model's outputs, as `train_step` calls it."""
    return model(x, training=training) if model._call_has_training_arg else model(x)


@contextmanager
def untouched(network: Network, values: Sequence[Any]) -> Iterator[None]:
    """Let nothing reach the model's variables; the trained ones have these values, if any are given."""
    mapping = list(zip(network.trained, values, strict=True)) if values else []
    with keras.StatelessScope(mapping, collect_losses=True, initialize_variables=False):
        try:
            yield
        finally:
            network.model._clear_losses()


def tensor_of(variable: keras.Variable) -> Any:
    """The value of a variable in its own dtype, whatever the precision that layers compute in."""
    return tf.convert_to_tensor(variable._value)


def _plain(model: keras.Model, gradient: Any) -> Any:
    """A gradient of the loss itself: dense, and without the scale that mixed precision trains with."""
    if gradient is None:
        return None
    dense = tf.convert_to_tensor(gradient)
    if not isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        return dense
    # Without the scale it may be too small for half precision, which is why there is one.
    wide = tf.cast(dense, tf.float32) if dense.dtype.size < 4 else dense
    return wide / tf.cast(model.optimizer.scale_loss(tf.ones(())), wide.dtype)


def _nobody(_: Any) -> None:
    """Nobody watches."""
