"""What a run trains on: its fold's part, scaled by what it may know, in the right dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.datasets import DatasetStore
from nntracker_ray.errors import BadInputError
from nntracker_ray.folds import split_indices
from nntracker_ray.home import Home
from nntracker_ray.records import DatasetRef, RunSpec, SplitSpec
from nntracker_ray.training.data import epoch_order, label_array, load_training_data
from nntracker_ray.training.scaling import fit_scaling
from tests.sample_runs import sample_spec


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> DatasetStore:
    return DatasetStore(Home(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def refs(store: DatasetStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DatasetRef]:
    """Iris, the real one: 90 rows to train, 30 to validate, 30 to test."""
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    folder, found = tmp_path_factory.mktemp("iris"), {}
    for name, rows in (("train", order[:90]), ("validation", order[90:120]), ("test", order[120:])):
        np.savez(folder / f"{name}.npz", x=x[rows], y=y[rows])
        stored = store.add(str(folder / f"{name}.npz"))
        found[name] = DatasetRef(stored.digest, name, feature_name="x", label_name="y")
    return found


def spec(refs: dict[str, DatasetRef], **changes: Any) -> RunSpec:
    return sample_spec(**{**refs, **changes})


def test_a_given_validation_set_validates(store: DatasetStore, refs: dict[str, DatasetRef]):
    """Nothing is taken from the training set then."""
    data = load_training_data(spec(refs), store)

    assert data.facts["dataset_sizes"] == {"train": 90, "validation": 30, "test": 30}
    assert data.x_train.shape == (90, 4)
    assert (data.x_train.dtype, data.y_train.dtype) == (np.float32, np.int64)
    assert data.x_test is not None
    assert data.x_test.dtype == np.float32


def test_folds_part_the_training_set_alone(store: DatasetStore, refs: dict[str, DatasetRef]):
    """Each row is held out in exactly one fold; the test set is in none."""
    split = SplitSpec("k-fold", 3, seed=5)

    parts = [load_training_data(spec(refs, split=split, fold=fold), store) for fold in range(3)]

    whole = load_training_data(spec(refs), store)
    expected = split_indices(split, rows=90)
    for part, cut in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(part.x_train, whole.x_train[cut.train])
        assert part.x_val is not None
        np.testing.assert_array_equal(part.x_val, whole.x_train[cut.held_out])
        np.testing.assert_array_equal(part.x_test, whole.x_test)


def test_folds_may_be_cut_from_training_and_validation_set_together(
    store: DatasetStore, refs: dict[str, DatasetRef]
):
    """Only when asked for."""
    split = SplitSpec("stratified", 4, seed=5, include_validation=True)

    data = load_training_data(spec(refs, split=split, fold=1), store)

    assert data.facts["dataset_sizes"] == {"train": 90, "validation": 30, "test": 30}


def test_a_share_is_held_out_without_a_validation_set(store: DatasetStore, refs: dict[str, DatasetRef]):
    """Every run has something to validate with, unless told otherwise."""
    split = SplitSpec("hold-out", 1, seed=1, validation_share=0.1)

    data = load_training_data(spec(refs, split=split, validation=None, test=None), store)

    assert data.facts["dataset_sizes"] == {"train": 81, "validation": 9, "test": 0}
    assert data.x_test is None


def test_a_fold_that_is_not_there_is_refused(store: DatasetStore, refs: dict[str, DatasetRef]):
    """Never another fold in silence."""
    with pytest.raises(BadInputError, match="fold 4 of 3"):
        load_training_data(spec(refs, split=SplitSpec("k-fold", 3, 0), fold=3), store)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_scaling_knows_only_the_rows_that_train(store: DatasetStore, refs: dict[str, DatasetRef], kind: str):
    """A scale that has seen the held-out rows makes every fold look better than it is."""
    split = SplitSpec("k-fold", 3, seed=5)

    data = load_training_data(spec(refs, split=split, fold=0, scaling=kind), store)

    assert data.x_val is not None
    fact = data.facts["scaling"]
    assert fact["kind"] == kind
    assert len(fact["shift"]) == 4
    if kind == "standard":
        np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(data.x_train.std(axis=0), 1, atol=1e-6)
        assert np.abs(data.x_val.mean(axis=0)).max() > 1e-3
    else:
        np.testing.assert_allclose([data.x_train.min(axis=0), data.x_train.max(axis=0)], [[0] * 4, [1] * 4])


def test_a_column_that_never_changes_is_not_divided_by_zero():
    """It carries nothing, and must not carry NaN either."""
    features = np.array([[1.0, 7.0], [3.0, 7.0]])

    scaled = fit_scaling("standard", features).apply(features)

    np.testing.assert_array_equal(scaled, [[-1, 0], [1, 0]])


def test_images_get_one_scale_for_all_pixels():
    """A scale per pixel would erase the picture."""
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)

    scaled = fit_scaling("minmax", images).apply(images)

    np.testing.assert_allclose(scaled, images / 23, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "dtype"),
    [("SparseCategoricalCrossentropy", np.int64), ("BinaryCrossentropy", np.float32), ("Huber", np.float32)],
)
def test_labels_have_the_dtype_the_loss_computes_with(loss: str, dtype: type):
    """Class numbers stay whole, measured values are float32."""
    assert label_array(np.array([0, 1, 2], np.uint8), loss).dtype == dtype


@given(st.integers(0, 2**63), st.integers(0, 10_000), st.integers(1, 500))
def test_the_order_of_an_epoch_is_a_pure_function(seed: int, epoch: int, rows: int):
    """Any epoch can be entered again without the ones before it."""
    order = epoch_order(seed, epoch, rows)

    np.testing.assert_array_equal(np.sort(order), np.arange(rows))
    np.testing.assert_array_equal(order, epoch_order(seed, epoch, rows))


def test_each_epoch_and_each_seed_has_its_own_order():
    """Else shuffling would do nothing."""
    orders = {epoch_order(seed, epoch, 50).tobytes() for seed in range(4) for epoch in range(4)}

    assert len(orders) == 16


def test_the_order_never_changes_between_versions():
    """A checkpoint of an older version is resumed in the order it was begun in."""
    assert epoch_order(11, 2, 8).tolist() == [6, 0, 3, 2, 4, 7, 5, 1]
