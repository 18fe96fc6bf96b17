"""From a model description to a compiled model whose first weights depend on the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import keras
import numpy as np
from keras.src.random import seed_generator

from nntracker_ray.models.load import build_model
from nntracker_ray.models.objects import make_loss, make_metric, make_optimizer
from nntracker_ray.records import NamedConf, RunSpec

# Losses on classes: Keras finds the accuracy that fits the shapes of labels and outputs.
CLASSIFICATION_LOSSES: Final = frozenset(
    {"BinaryCrossentropy", "BinaryFocalCrossentropy", "CategoricalCrossentropy", "CategoricalHinge"}
    | {"CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "KLDivergence"}
    | {"SparseCategoricalCrossentropy"}
)


def compiled_model(spec: RunSpec, model_json: str) -> keras.Model:
    """Build and compile the model of a run, with the variables of its optimizer.

    Equal seeds give equal first weights and equal random masks, whatever else the process has done or does.
    Raises: ModelError, BadInputError: The description or an argument cannot be used.
    """
    keras.backend.clear_session()
    seed = _keras_seed(spec.seed)
    keras.utils.set_random_seed(seed)
    with _dice_of_its_own(seed):
        model = build_model(model_json)
        configuration = spec.configuration
        model.compile(
            optimizer=make_optimizer(configuration.optimizer, configuration.learning_rate),
            loss=make_loss(configuration.loss_function),
            metrics=metrics_of(configuration.loss_function, spec.extra_metrics),
        )
        model.optimizer.build(model.trainable_variables)
    return model


@contextmanager
def _dice_of_its_own(seed: int) -> Iterator[None]:
    """Let Keras draw the seeds of layers and initializers from a generator that nobody else draws from.

    It takes them from Python's global one, which other threads use at the same time: a connection pool and a
    retry spread their pauses with it. One such draw between two layers, and the run is another run. (Seeds in
    the layers' configs instead would give the copies inside Bidirectional and MultiHeadAttention equal weights.)
    """
    shared = seed_generator.python_random
    seed_generator.python_random = random.Random(seed)  # noqa: S311 (reproducible on purpose)
    try:
        yield
    finally:
        seed_generator.python_random = shared


def effective_learning_rate(model: keras.Model) -> float:
    """The learning rate in force, read from the optimizer; the shortest decimal that gives its bits."""
    rate = keras.ops.convert_to_numpy(model.optimizer.learning_rate)
    return float(str(rate))


def _keras_seed(seed: int) -> int:
    # Keras takes 32 bits; a run's seed may have more.
    return int(np.random.SeedSequence(seed).generate_state(1)[0])


def metrics_of(loss: NamedConf, extra: Sequence[NamedConf]) -> list[Any]:
    """What a model with this loss is measured by, made anew: accuracy where there are classes, and what is wanted."""
    accuracy = ["accuracy"] if loss.name in CLASSIFICATION_LOSSES else []
    return [*accuracy, *(make_metric(metric) for metric in extra)]
