"""Puts together what one attempt looks at inside its network."""

from __future__ import annotations

import logging
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.introspection.cost import estimated_share, training_of
from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.on_keras.inspector import Inspector
from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.models.schema import parse_model
from nntracker_ray.records import Observed, RunSpec
from nntracker_ray.training.batches import BatchFeed
from nntracker_ray.training.checkpoint import Checkpoint
from nntracker_ray.training.course import Course
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.inside import Inside
from nntracker_ray.training.recorder import GuardedSink, Recorder
from nntracker_ray.training.tested import TestSet

PROBE_ROWS: Final = 256  # of the training data, for probe activations

_log = logging.getLogger(__name__)


def inside_of(
    spec: RunSpec,
    *,
    model: keras.Model,
    model_json: str,
    data: TrainingData,
    course: Course,
    feed: BatchFeed,
    sink: GuardedSink,
    recorder: Recorder,
    resumed: Checkpoint | None,
) -> Inside:
    """The looks of an attempt; none where its experiment asks for none."""
    return Inside(
        [made for observed in spec.introspection for made in _subscriptions(observed)],
        inspector=Inspector(
            model, probe=lambda: probe_rows(data.x_train), tested=TestSet(spec, model, data).measured
        ),
        course=course,
        feed=feed,
        total_epochs=spec.total_epochs,
        sink=sink,
        tell=recorder.facts,
        estimated_share=_estimated(spec, model_json, data, feed) if spec.introspection else None,
        resumed=resumed,
    )


def probe_rows(x: NDArray[Any]) -> tf.Tensor:
    """Rows spread evenly over all of them, since many tables are sorted by class."""
    rows = np.unique(np.linspace(0, len(x) - 1, min(PROBE_ROWS, len(x))).astype(np.int64))
    return tf.constant(x[rows])


def _subscriptions(observed: Observed) -> list[Subscription]:
    """Its subscribers; what cannot be had here, a plug-in of another machine, is suspended from the start."""
    try:
        return [Subscription(observed, one) for one in known_metrics().subscribers_of(observed)]
    except Exception as error:  # a plug-in's own code, whatever it raises
        _log.warning("the metric %s is not taken: %s", observed.metric, error)
        return [Subscription(observed, _Missing(), suspended=str(error))]


def _estimated(spec: RunSpec, model_json: str, data: TrainingData, feed: BatchFeed) -> float | None:
    try:
        training = training_of(
            parse_model(model_json),
            batch_size=spec.batch_size,
            steps_an_epoch=feed.batches,
            test_rows=0 if data.x_test is None else len(data.x_test),
        )
        catalog = known_metrics()
        return estimated_share([(one, catalog.topics_of(one)) for one in spec.introspection], training)
    except Exception:
        _log.exception("what looking inside costs could not be estimated")
        return None


class _Missing(Subscriber):
    """Stands for a metric that this machine does not have."""

    def measure(self, message: Message) -> dict[str, Value]:
        """Is never asked."""
        raise LookupError(message.layer)
