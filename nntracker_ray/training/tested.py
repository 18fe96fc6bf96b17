"""Keras' metrics on the test set amid a training, without touching the training's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras.src.trainers.compile_utils import CompileMetrics

from nntracker_ray.introspection.on_keras.compiled import compiled
from nntracker_ray.introspection.on_keras.forward import called, tensor_of, untouched
from nntracker_ray.introspection.on_keras.network import Network
from nntracker_ray.records import RunSpec
from nntracker_ray.training.compiling import metrics_of
from nntracker_ray.training.data import TrainingData


class TestSet:
    """The test set of a run; what it is measured with is made at the first question."""

    def __init__(self, spec: RunSpec, model: keras.Model, data: TrainingData) -> None:
        self._spec, self._model, self._data = spec, model, data
        self._metrics: CompileMetrics | None = None
        self._step: Any = None

    def measured(self) -> Mapping[str, float]:
        """Loss and metrics with the weights as they are now. Raises: LookupError: The run has no test set."""
        x, y = self._data.x_test, self._data.y_test
        if x is None or y is None:
            raise LookupError("the run has no test set; give dataset_test, or leave this metric out")
        if self._metrics is None:
            self._metrics = CompileMetrics(
                metrics_of(self._spec.configuration.loss_function, self._spec.extra_metrics), None
            )
        else:
            self._metrics.reset_state()
        total, size = 0.0, self._spec.batch_size
        for first in range(0, len(x), size):
            rows = tf.constant(x[first : first + size]), tf.constant(y[first : first + size])
            outputs, loss = self._passed(*rows)
            self._metrics.update_state(rows[1], outputs)
            total += float(loss) * int(rows[0].shape[0])
        found = {name: float(value) for name, value in self._metrics.result().items()}
        return {"loss": total / len(x), **found}

    def _passed(self, x: Any, y: Any) -> tuple[Any, Any]:
        if self._step is None:
            self._step = compiled(self._pass, x, y)
        found: tuple[Any, Any] = self._step(x, y)
        return found

    def _pass(self, x: Any, y: Any) -> tuple[Any, Any]:
        network = Network(self._model)
        with untouched(network, [tensor_of(variable) for variable in network.trained]):
            outputs = called(self._model, x, training=False)
            loss = self._model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=None, training=False)
        return outputs, loss
