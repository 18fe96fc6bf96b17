"""Sound models with random changes: refused with a ModelError, or built by Keras as was worked out."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import json
import random

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from nntracker_ray.errors import ModelError
from nntracker_ray.models import ModelLimits, build_model, parse_model
from tests.integration.models.mutations import drawn_models, mutated_models, sound_models
from tests.unit.models.hostile_models import attacks

SMALL = ModelLimits(parameters=100_000, activations=100_000, calls=300)
RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def parsed(text):
    try:
        return parse_model(text, SMALL)
    except ModelError:
        return None


@settings(max_examples=1_500, deadline=None, suppress_health_check=RELAXED)
@given(text=mutated_models())
def test_reading_a_changed_model_ends_in_a_model_or_a_refusal(text):
    """An exception of another kind would reach the person as a crash of ours."""
    description = parsed(text)

    assert description is None or parse_model(description.json) == description


@settings(max_examples=60, deadline=None, suppress_health_check=RELAXED)
@given(text=mutated_models())
def test_a_changed_model_that_is_accepted_is_built_as_worked_out(text):
    """What the schema lets through, Keras can do: same shapes, same parameters."""
    built_as_worked_out(text)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=RELAXED)
@given(text=mutated_models())
def test_many_changed_models_that_are_accepted_are_built_as_worked_out(text):
    """The same with patience."""
    built_as_worked_out(text)


@settings(max_examples=60, deadline=None, suppress_health_check=RELAXED)
@given(text=drawn_models())
def test_a_model_of_plausible_layers_is_built_as_worked_out(text):
    """Values that are each allowed may still not go together."""
    built_as_worked_out(text)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=RELAXED)
@given(text=drawn_models())
def test_many_models_of_plausible_layers_are_built_as_worked_out(text):
    """The same with patience."""
    built_as_worked_out(text)


def built_as_worked_out(text):
    description = parsed(text)
    if description is not None:
        keras.backend.clear_session()
        model = build_model(description.json)
        assert [tensor.shape[1:] for tensor in model.outputs] == list(description.outputs)
        assert model.count_params() == description.parameters


def test_the_starting_points_of_the_changes_are_sound():
    """Changing what is refused anyway would test nothing."""
    for model in sound_models():
        built_as_worked_out(json.dumps(model))


def test_refusing_hostile_models_leaves_keras_as_it_was():
    """A refused file must not have switched the dtype policy of the next person's training."""

    def state():
        return (
            keras.config.dtype_policy().name,
            keras.config.floatx(),
            keras.config.image_data_format(),
            keras.config.backend(),
            keras.config.is_interactive_logging_enabled(),
            keras.config.epsilon(),
            sorted(keras.saving.get_custom_objects()),
            random.getstate(),
            np.random.get_state()[1].tolist(),
        )

    keras.utils.set_random_seed(11)
    before = state()

    for _, text, _ in attacks():
        with pytest.raises(ModelError):
            build_model(text)

    assert state() == before
    reference = keras.random.uniform((3,)).numpy()
    keras.utils.set_random_seed(11)
    np.testing.assert_array_equal(reference, keras.random.uniform((3,)).numpy())
