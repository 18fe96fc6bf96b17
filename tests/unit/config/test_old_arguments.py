"""Arguments of earlier Keras versions mean what they meant."""

from nntracker_ray.config import read_config


def test_the_old_name_of_the_learning_rate_is_taken(catalog):
    """Files written for Keras 2 say `lr`, and name a decay that was off."""
    experiment = {
        "name": "Old",
        "dataset_train": "x.npz",
        "total_epochs": 1,
        "optimizers": [{"optimizer": "adam", "conf": {"lr": "0.01", "decay": 0}}],
        "loss_functions": ["mse"],
    }

    config = read_config(experiment, catalog=catalog)

    assert config.optimizers[0].conf == {"learning_rate": 0.01}
