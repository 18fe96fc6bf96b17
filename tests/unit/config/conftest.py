"""A small catalog, written by hand: these tests are about files, not about Keras."""

import pytest

from nntracker_ray.models.catalog import Catalog, Signature


def _named(*signatures):
    return {signature.name: signature for signature in signatures}


@pytest.fixture(scope="session")
def catalog():
    return Catalog(
        optimizers=_named(
            Signature(
                "Adam", (), {"learning_rate": 0.001, "beta_1": 0.9, "epsilon": 1e-7, "weight_decay": None}
            ),
            Signature("RMSprop", (), {"learning_rate": 0.001, "momentum": 0.0, "weight_decay": None}),
            Signature(
                "SGD",
                (),
                {
                    "learning_rate": 0.01,
                    "momentum": 0.0,
                    "nesterov": False,
                    "weight_decay": None,
                    "name": None,
                },
            ),
        ),
        losses=_named(
            Signature(
                "MeanSquaredError", (), {"reduction": "sum_over_batch_size", "name": "mean_squared_error"}
            ),
            Signature("Huber", (), {"delta": 1.0, "reduction": "sum_over_batch_size"}),
            Signature("SparseCategoricalCrossentropy", (), {"from_logits": False, "ignore_class": None}),
        ),
        metrics=_named(
            Signature("KLDivergence", (), {"name": "kl_divergence"}),
            Signature("LogCoshError", (), {"name": "logcosh"}),
            Signature("MeanIoU", ("num_classes",), {"name": None, "ignore_class": None}),
        ),
    )


@pytest.fixture
def minimal():
    """The smallest experiment that is accepted."""
    return {
        "name": "Small",
        "dataset_train": "train.npz",
        "total_epochs": 3,
        "loss_functions": ["MeanSquaredError"],
    }
