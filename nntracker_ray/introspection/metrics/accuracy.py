"""How often the network is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics.built_in import BuiltIn, only
from nntracker_ray.introspection.topics import Topic


class BatchAccuracy(BuiltIn):
    """Share of right answers among the rows of the batch, before its update.

    Formula: as Keras reads "accuracy" by shapes: one output a row is right on the same side of 0.5 as its label;
    labels of one number a row are classes, right where the largest output is; other labels are right where their own
    largest is. Outputs are those of the step itself, in training mode. NaN of an empty batch.
    Source: `keras.metrics.BinaryAccuracy`, `SparseCategoricalAccuracy`, `CategoricalAccuracy`.
    """

    name = "batch_accuracy"
    topics = (Topic.OUTPUTS, Topic.LABELS)

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The share."""
        right = ops.cast(right_answers(values[Topic.OUTPUTS], values[Topic.LABELS], ops), "float64")
        return {"accuracy": ops.statistics(right)["mean"]}

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The share, of the whole run."""
        return {"outputs/accuracy": float(message.values["accuracy"])}


def right_answers(outputs: Any, labels: Any, ops: Any) -> Any:
    """Which answers are right, bool, one for each label."""
    if outputs.shape[-1] == 1:
        sides = ops.cast(ops.reshape(outputs, (-1,)) > 0.5, "float64")
        return ops.equal(sides, ops.cast(ops.reshape(labels, (-1,)), "float64"))
    answers = ops.reshape(ops.argmax(outputs, axis=-1), (-1,))
    classes = len(labels.shape) < len(outputs.shape) or labels.shape[-1] == 1
    right = labels if classes else ops.argmax(labels, axis=-1)
    return ops.equal(ops.cast(answers, "float64"), ops.cast(ops.reshape(right, (-1,)), "float64"))


class AccuracyOnTestSet(BuiltIn):
    """Keras' metrics on the test set, at the weights before the update.

    Formula: that of each metric the model is compiled with; recorded as "test/accuracy", "test/loss".
    Source: `keras.Model.evaluate`.
    """

    name = "test_accuracy"
    topics = (Topic.LOSS_SURFACE,)
    default_epochs = 1

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """The metrics by name. Raises: LookupError: The run has no test set."""
        del ops
        return only(values).test()  # type: ignore[no-any-return]

    def measure(self, message: Message) -> Mapping[str, Value]:
        """Each metric, of the whole run."""
        return {f"test/{name}": float(value) for name, value in message.values.items()}
