"""The catalog offers what the installed Keras can do, and every entry can be made."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from nntracker_ray.errors import BadInputError
from nntracker_ray.home import Home
from nntracker_ray.models.arguments import check_conf
from nntracker_ray.models.catalog import load_catalog, metric_name, snake_name
from nntracker_ray.models.objects import effective_learning_rate, make_loss, make_metric, make_optimizer
from nntracker_ray.records import NamedConf
from nntracker_ray.training.best import higher_is_better

ROOT = Path(__file__).parents[3]
NEEDED = {
    "num_classes": 3,
    "target_class_ids": [0, 1],
    "recall": 0.5,
    "precision": 0.5,
    "specificity": 0.5,
    "sensitivity": 0.5,
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return load_catalog(Home(tmp_path_factory.mktemp("home")))


def test_everything_the_original_tracker_offered_is_there(catalog):
    """Its experiment files must run unchanged."""
    optimizers = "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lion Nadam RMSprop SGD"
    losses = (
        "BinaryCrossentropy CategoricalCrossentropy CategoricalHinge CosineSimilarity Hinge Huber KLDivergence LogCosh "
        "MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson "
        "SparseCategoricalCrossentropy SquaredHinge"
    )
    metrics = (
        "AUC Accuracy KLDivergence LogCoshError MeanIoU PrecisionAtRecall Recall TopKCategoricalAccuracy"
    )

    assert set(optimizers.split()) <= set(catalog.optimizers)
    assert set(losses.split()) <= set(catalog.losses)
    assert set(metrics.split()) <= set(catalog.metrics)


def test_bases_and_wrappers_are_not_offered(catalog):
    """Choosing one would fail only once the training starts."""
    assert not {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"} & set(catalog.optimizers)
    assert "Loss" not in catalog.losses
    assert not {"Metric", "Mean", "Sum", "MeanMetricWrapper"} & set(catalog.metrics)


def test_every_optimizer_can_be_made_and_takes_the_learning_rate(catalog):
    """The learning rate asked for is the one that trains: read back, it is the same number in float32."""
    for name in catalog.optimizers:
        optimizer = make_optimizer(NamedConf(name), 0.037)

        assert effective_learning_rate(optimizer) == float(np.float32(0.037)), name


def test_every_loss_and_metric_can_be_made(catalog):
    """An offer that cannot be taken is worse than none."""
    for signature in catalog.losses.values():
        assert isinstance(make_loss(NamedConf(signature.name)), keras.losses.Loss)
    for signature in catalog.metrics.values():
        conf = {key: NEEDED[key] for key in signature.required}
        assert isinstance(make_metric(NamedConf(signature.name, conf)), keras.metrics.Metric)


def test_a_metric_is_called_as_keras_calls_it(catalog):
    """What a file may watch is what is measured: `val_logcosh`, of the class LogCoshError."""
    keras.backend.clear_session()  # Keras counts those of one name
    named = [
        NamedConf(each.name, {key: NEEDED[key] for key in each.required}) for each in catalog.metrics.values()
    ]

    assert [metric_name(each) for each in named] == [make_metric(each).name for each in named]
    assert metric_name(NamedConf("AUC", {"name": "area"})) == "area"


def test_metrics_are_better_the_way_that_keras_says(catalog):
    """Else the checkpoint that is kept as the best is that of the worst epoch."""
    made = [
        make_metric(NamedConf(each.name, {key: NEEDED[key] for key in each.required}))
        for each in catalog.metrics.values()
    ]
    known = [metric for metric in made if getattr(metric, "_direction", None)]  # of four Keras says nothing

    ours = {metric.name: higher_is_better(f"val_{metric.name}", "auto") for metric in known}

    assert len(known) > 30
    assert ours == {metric.name: metric._direction == "up" for metric in known}


@pytest.mark.parametrize(
    ("kind", "spelled", "meant"),
    [
        ("optimizer", "rmsprop", "RMSprop"),
        ("optimizer", "ADAMW", "AdamW"),
        ("optimizer", "schedule_free_adam_w", "ScheduleFreeAdamW"),
        ("loss", "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
        ("loss", "mse", "MeanSquaredError"),
        ("loss", "MAE", "MeanAbsoluteError"),
        ("loss", "logcosh", "LogCosh"),
        ("loss", "kullback_leibler_divergence", "KLDivergence"),
        ("loss", "cosine_proximity", "CosineSimilarity"),
        ("loss", "huber_loss", "Huber"),
        ("loss", "kl_divergence", "KLDivergence"),
        ("metric", "LogCoshError", "LogCoshError"),
        ("metric", "logcosh", "LogCoshError"),
        ("metric", "auc", "AUC"),
        ("metric", "mean_io_u", "MeanIoU"),
        ("metric", "f1_score", "F1Score"),
        ("metric", "mape", "MeanAbsolutePercentageError"),
    ],
)
def test_names_are_found_however_they_are_spelled(catalog, kind, spelled, meant):
    """Class name, snake name, short name, the names of earlier versions."""
    assert getattr(catalog, kind)(spelled).name == meant


def test_every_snake_name_leads_back_to_its_class(catalog):
    """The names in Keras' own documentation work."""
    for group, find in (
        (catalog.optimizers, catalog.optimizer),
        (catalog.losses, catalog.loss),
        (catalog.metrics, catalog.metric),
    ):
        assert [find(snake_name(name)).name for name in group] == list(group)
    assert snake_name("MeanSquaredError") == "mean_squared_error"


def test_an_unknown_name_is_answered_with_the_known_ones(catalog):
    """A typing error is corrected in one look."""
    with pytest.raises(
        BadInputError, match=r"unknown optimizer 'adm'; known: Adadelta, .*Did you mean 'adam'\?"
    ):
        catalog.optimizer("adm")


@pytest.mark.parametrize(
    ("name", "conf", "words"),
    [
        ("SGD", {"momentun": 0.9}, "Did you mean 'momentum'"),
        ("SGD", {"nesterov": "yes"}, "true or false"),
        ("SGD", {"momentum": "much"}, "not a number"),
        ("SGD", {"momentum": {"class_name": "Constant"}}, "object"),
        ("SGD", {"decay": 1e-4}, "gone from Keras 3"),
        ("Adam", {"learning_rate": {"module": "os"}}, "object"),
    ],
)
def test_arguments_that_cannot_work_are_named(catalog, name, conf, words):
    """Before the run starts, not in its traceback."""
    (problem,) = check_conf(catalog.optimizer(name), conf)

    assert words in problem
    with pytest.raises(BadInputError, match=words.replace("'", ".")):
        make_optimizer(NamedConf(name, conf))


def test_missing_arguments_are_named(catalog):
    """MeanIoU cannot guess the number of classes."""
    assert check_conf(catalog.metric("MeanIoU"), {}) == ["MeanIoU needs the argument 'num_classes'"]
    assert check_conf(catalog.metric("MeanIoU"), {"num_classes": 3}) == []


def test_spellings_of_earlier_versions_still_work():
    """lr, decay 0 and reduction "auto" stand in thousands of old files."""
    assert effective_learning_rate(make_optimizer(NamedConf("sgd", {"lr": 0.5, "decay": 0.0}))) == 0.5
    assert effective_learning_rate(make_optimizer(NamedConf("sgd", {"lr": 0.5}), 0.25)) == 0.25
    assert make_loss(NamedConf("mse", {"reduction": "auto"})).reduction == "sum_over_batch_size"


@pytest.mark.slow
def test_planning_needs_no_tensorflow_and_the_second_time_is_a_file(tmp_path):
    """The command line answers in a moment, and a web process never carries TensorFlow for a list of names."""
    code = (
        "import sys; from pathlib import Path; from nntracker_ray.home import Home; "
        "from nntracker_ray.models.catalog import load_catalog; "
        f"catalog = load_catalog(Home(Path({str(tmp_path)!r}))); "
        "print(len(catalog.metrics), 'keras' in sys.modules, 'tensorflow' in sys.modules)"
    )

    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        for _ in (1, 2)
    )

    assert first == second
    assert first.endswith("False False\n")
    (cache,) = (tmp_path / "cache").glob("*.json")
    assert keras.__version__ in cache.name


def test_a_damaged_cache_is_made_again(tmp_path):
    """A torn file must not need a person to delete it."""
    home = Home(tmp_path)
    whole = load_catalog(home)
    (cache,) = home.cache.glob("*.json")

    for content in ("", "{", "[]", json.dumps({"format": 0})):
        cache.write_text(content)
        assert load_catalog(home) == whole
