"""Accuracies against Keras' own metrics."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.trainers.compile_utils import CompileMetrics
from metric_kit import EXACT, Way, ask, compiled_for, compiled_for_any_shape, run_metric
from surfaces import NoisyGradients, Quadratic

from nntracker_ray.introspection.metrics.accuracy import AccuracyOnTestSet, BatchAccuracy

ROWS, CLASSES = 57, 4
DRAW = np.random.default_rng(0)
SCORES = DRAW.normal(size=(ROWS, CLASSES)).astype(np.float32)
ANSWERS = DRAW.integers(0, CLASSES, ROWS)
SIDES = DRAW.integers(0, 2, ROWS)
CHANCES = DRAW.random((ROWS, 1)).astype(np.float32)
PIXELS = DRAW.normal(size=(3, 5, 5, CLASSES)).astype(np.float32)
LABELLED = DRAW.integers(0, CLASSES, (3, 5, 5))
CASES = {
    "classes": (SCORES, ANSWERS),
    "classes_in_a_column": (SCORES, ANSWERS[:, None]),
    "classes_as_floats": (SCORES, ANSWERS.astype(np.float32)),
    "one_hot": (SCORES, np.eye(CLASSES, dtype=np.float32)[ANSWERS]),
    "two_sides": (CHANCES, SIDES[:, None]),
    "two_sides_in_a_row": (CHANCES, SIDES),
    "two_sides_as_floats": (CHANCES, SIDES[:, None].astype(np.float32)),
    "pixels": (PIXELS, LABELLED),
    "pixels_one_hot": (PIXELS, np.eye(CLASSES, dtype=np.float32)[LABELLED]),
    "half_precision": (SCORES.astype(np.float16), ANSWERS),
}


def as_keras_says(outputs: np.ndarray, labels: np.ndarray) -> float:
    """By `model.compile(metrics=["accuracy"])`, which chooses by shapes."""
    metric = CompileMetrics(["accuracy"], None)
    metric.update_state(keras.ops.convert_to_tensor(labels), keras.ops.convert_to_tensor(outputs))
    return float(metric.result()["accuracy"])


@pytest.mark.parametrize("case", CASES)
def test_the_batch_is_judged_as_keras_judges_an_epoch(case, way):
    """Otherwise the two lines of one run could not be laid beside each other."""
    outputs, labels = CASES[case]

    found = run_metric(BatchAccuracy(), outputs, labels, way=fixed_last_axis(way))

    assert list(found) == ["outputs/accuracy"]
    np.testing.assert_allclose(found["outputs/accuracy"], as_keras_says(outputs, labels), **EXACT)


def fixed_last_axis(way: Way) -> Way:
    """Only the number of rows may be unknown: Keras itself chooses by the other axes."""
    return compiled_for_any_batch if way is compiled_for_any_shape else way


def compiled_for_any_batch(subscriber, values):
    specs = {topic: tf.TensorSpec([None, *value.shape[1:]], value.dtype) for topic, value in values.items()}
    return compiled_for(specs, subscriber, values)


def test_an_empty_batch_has_no_accuracy():
    """0 would be a claim."""
    found = run_metric(BatchAccuracy(), np.zeros((0, 3), np.float32), np.zeros(0, np.int64))

    assert np.isnan(found["outputs/accuracy"])


def test_the_test_set_is_asked_for_all_its_metrics():
    """Whatever the model is compiled with."""
    assert ask(AccuracyOnTestSet(), NoisyGradients(np.ones((2, 2)))) == {
        "test/accuracy": 0.875,
        "test/loss": 0.25,
    }


def test_a_run_without_a_test_set_says_so():
    """The subscriber is suspended with these words."""
    with pytest.raises(LookupError, match="no test set"):
        ask(AccuracyOnTestSet(), Quadratic(np.eye(3)))
