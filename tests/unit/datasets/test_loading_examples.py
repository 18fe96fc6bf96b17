"""Features and labels: chosen, encoded and checked before any training."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from nntracker_ray.datasets import Encoding, load_examples
from nntracker_ray.errors import DatasetError
from nntracker_ray.records import DatasetRef


@pytest.fixture
def arrays(add):
    def make(**content):
        file = io.BytesIO()
        np.savez(file, **content)
        return add(file.getvalue(), "digits.npz")

    return make


@pytest.fixture
def table(add):
    def make(columns, name="table.json"):
        return add(json.dumps(columns).encode(), name)

    return make


def ref(stored, **choice):
    return DatasetRef(stored.digest, stored.name, **choice)


def load(stored, *, one_hot=(), encoding=None, group=None, **choice):
    return load_examples(stored, ref(stored, **choice), one_hot=one_hot, encoding=encoding, group=group)


def test_named_arrays_become_features_and_labels_as_they_are(arrays):
    """Images keep dtype and values: scaling is a choice of the experiment, not of the loader."""
    images, labels = np.arange(3 * 4 * 4, dtype="u1").reshape(3, 4, 4), np.array([0, 1, 0], "i2")
    examples = load(
        arrays(x_train=images, y_train=labels, other=np.zeros(9)),
        feature_name="x_train",
        label_name="y_train",
    )

    assert examples.features.dtype == np.uint8
    np.testing.assert_array_equal(examples.features, images)
    np.testing.assert_array_equal(examples.labels, labels)
    assert examples.feature_names == ("x_train",)
    assert examples.class_names is None
    assert examples.notes == ()


@pytest.mark.parametrize(
    "names", [("x_train", "y_train"), ("x", "y"), ("X", "Y"), ("features", "labels"), ("data", "target")]
)
def test_the_usual_pair_is_taken_and_named(arrays, names):
    """Most files hold just one pair under a usual name."""
    examples = load(arrays(**{names[1]: np.arange(4), names[0]: np.zeros((4, 2)), "meta": np.zeros(1)}))

    assert examples.features.shape == (4, 2)
    assert examples.notes == (f"took {names[0]!r} as features and {names[1]!r} as labels",)


def test_of_two_arrays_the_one_with_more_axes_is_the_features(arrays):
    """With two arrays there is little to ask."""
    examples = load(arrays(digit=np.arange(4), picture=np.zeros((4, 8, 8))))

    assert examples.feature_names == ("picture",)


def test_one_name_is_enough_where_there_are_two_arrays(arrays):
    """The other array is the other one."""
    stored = arrays(a=np.zeros(4), b=np.ones(4))

    assert load(stored, feature_name="b").feature_names == ("b",)
    assert load(stored, label_name="a").feature_names == ("b",)


@pytest.mark.parametrize(
    ("content", "choice", "why"),
    [
        (
            {"x_train": [1], "y_train": [1], "x_test": [1], "y_test": [1]},
            {},
            "x_train (1,), y_train (1,), x_test",
        ),
        ({"a": [1], "b": [1], "c": [1]}, {}, "Name them"),
        ({"a": [1]}, {}, "Name them"),
        (
            {"x_train": [1], "y_train": [1]},
            {"feature_name": "x_tran", "label_name": "y_train"},
            "Did you mean 'x_train'?",
        ),
        ({"x": [1.0], "y": [1, 2]}, {}, "'x' has 1, 'y' has 2"),
        ({"x": np.zeros((0, 3)), "y": np.zeros(0)}, {}, "no rows"),
        ({"x": [[1.0, np.nan]], "y": [0]}, {}, "array 'x', row 0, cell (1,): NaN"),
        ({"x": [1.0, 2.0, -np.inf], "y": [0, 1, 2]}, {}, "array 'x', row 2: -inf"),
        ({"x": [1.0, 2.0], "y": [0.5, np.nan]}, {}, "label array 'y', row 1: no value"),
        ({"x": ["a", "b"], "y": [0, 1]}, {}, "holds text"),
        ({"x": 1.0, "y": [0]}, {}, "single number"),
        ({"x": [1.0], "y": 1}, {}, "single number"),
    ],
)
def test_arrays_that_do_not_do_are_refused_by_name_and_row(arrays, content, choice, why):
    """Found before training, a mistake costs a second; found after, a night."""
    with pytest.raises(DatasetError) as refused:
        load(arrays(**content), **choice)
    assert why in str(refused.value)
    assert str(refused.value).startswith("digits.npz: ")


def test_the_first_bad_cell_of_a_large_array_is_found(arrays):
    """Arrays are checked block by block; the row named must still be the row in the file."""
    x = np.zeros((70_000, 100), "f4")
    x[65_432, 7] = np.inf

    with pytest.raises(DatasetError, match=r"row 65432, cell \(7,\): inf"):
        load(arrays(x=x, y=np.zeros(70_000)))


def test_a_table_becomes_float32_features_and_the_label_stays_out(table):
    """The label among the features would make every network perfect, and useless."""
    examples = load(
        table({"a": [1, 2], "label": [0, 1], "b": [0.5, 1.5], "c": [True, False]}), label_column="label"
    )

    assert examples.features.dtype == np.float32
    assert examples.features.tolist() == [[1.0, 0.5, 1.0], [2.0, 1.5, 0.0]]
    assert examples.feature_names == ("a", "b", "c")
    assert examples.labels.tolist() == [0, 1]
    assert examples.class_names is None


def test_text_labels_become_class_indices_in_sorted_order(table):
    """Losses need numbers; people need the names back."""
    examples = load(table({"a": [1, 2, 3], "label": ["dog", "cat", "dog"]}), label_column="label")

    assert examples.labels.tolist() == [1, 0, 1]
    assert examples.class_names == ("cat", "dog")


def test_a_label_named_under_one_hot_becomes_one_column_a_class(table):
    """CategoricalCrossentropy wants it so."""
    examples = load(table({"a": [1, 2], "label": ["dog", "cat"]}), label_column="label", one_hot=("label",))

    assert examples.labels.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_text_is_encoded_on_request_and_named_by_value(table):
    """A feature's name must tell which column and value it is."""
    stored = table({"colour": ["red", "blue", "red"], "size": [1, 2, 3], "label": [0, 1, 0]})

    for request in (("colour",), ("*",)):
        examples = load(stored, label_column="label", one_hot=request)
        assert examples.feature_names == ("colour=blue", "colour=red", "size")
        assert examples.features.tolist() == [[0, 1, 1], [1, 0, 2], [0, 1, 3]]


def test_integers_are_encoded_when_named(table):
    """Codes such as 10, 20, 30 are no quantities."""
    examples = load(table({"code": [30, 4, 30], "label": [0, 1, 0]}), label_column="label", one_hot=("code",))

    assert examples.feature_names == ("code=4", "code=30")
    assert examples.features.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_groups_are_returned_and_are_no_features(table):
    """A patient's number as a feature would tell the answer."""
    stored = table({"patient": ["p1", "p2", "p1"], "a": [1, 2, 3], "label": [0, 1, 0]})
    examples = load(stored, label_column="label", group="patient")

    assert examples.groups.tolist() == ["p1", "p2", "p1"]
    assert examples.feature_names == ("a",)


def test_groups_may_be_an_array(arrays):
    """NPZ files hold groups beside the pair."""
    examples = load(arrays(x=np.zeros((3, 2)), y=np.arange(3), who=np.array([7, 7, 8])), group="who")

    assert examples.groups.tolist() == [7, 7, 8]
    with pytest.raises(DatasetError, match="unequal numbers of rows"):
        load(arrays(x=np.zeros((3, 2)), y=np.arange(3), who=np.array([7, 8])), group="who")


def test_a_column_of_images_becomes_the_features(table):
    """JSON images: one column of nested lists, and the label."""
    images = np.arange(12).reshape(2, 3, 2)
    examples = load(table({"image": images.tolist(), "label": ["a", "b"]}), label_column="label")

    assert examples.features.dtype == np.float32
    np.testing.assert_array_equal(examples.features, images)


def test_validation_and_test_sets_are_encoded_as_the_training_set(table):
    """Another order of columns, or fewer values, must not change what a feature or a class means."""
    train = load(
        table({"c": ["x", "y", "z"], "a": [1, 2, 3], "label": ["n", "p", "n"]}),
        label_column="label",
        one_hot=("*",),
    )
    stored = table({"label": ["p"], "extra": [9], "a": [5], "c": ["y"]})
    test = load(stored, label_column="label", one_hot=("*",), encoding=train.encoding)

    assert test.feature_names == train.feature_names
    assert test.features.tolist() == [[0, 1, 0, 5]]
    assert test.labels.tolist() == [1]
    assert test.class_names == train.class_names
    assert "extra" in test.notes[0]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"c": ["x", "w"], "label": ["n", "n"]}, "column 'c', row 1: 'w' does not occur in the training set"),
        (
            {"c": ["x", "x"], "label": ["n", "q"]},
            "column 'label', row 1: 'q' does not occur in the training set",
        ),
        ({"label": ["n"]}, "no column 'c', which the training set has"),
        ({"c": ["x"], "label": [1]}, "holds numbers, but the labels of the training set are text"),
        ({"c": [0.5], "label": ["n"]}, "holds float64, but in the training set text"),
    ],
)
def test_what_the_training_set_does_not_know_is_named_by_row_and_value(table, columns, why):
    """A category that was never trained on has no weight."""
    train = load(table({"c": ["x", "y"], "label": ["n", "p"]}), label_column="label", one_hot=("c",))

    with pytest.raises(DatasetError) as refused:
        load(table(columns), label_column="label", one_hot=("c",), encoding=train.encoding)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("columns", "choice", "why"),
    [
        ({"a": [1], "Label": [1]}, {}, "Did you mean 'Label'?"),
        ({"a": [1], "label": [1]}, {"label_column": "lable"}, "Did you mean 'label'?"),
        ({"a": ["x"], "label": [1]}, {"label_column": "label"}, "list it under one_hot"),
        ({"a": ["x"], "label": [1]}, {"label_column": "label", "one_hot": ("b",)}, "no column 'b'"),
        ({"a": [1], "label": [1]}, {"label_column": "label", "group": "g"}, "no column 'g'"),
        (
            {"a": [0.5], "label": [1]},
            {"label_column": "label", "one_hot": ("a",)},
            "cannot be one-hot encoded",
        ),
        ({"a": [1, None, 3], "label": [1, 2, 3]}, {"label_column": "label"}, "column 'a', row 1: no value"),
        (
            {"a": ["x", None], "label": [1, 2]},
            {"label_column": "label", "one_hot": ("a",)},
            "column 'a', row 1: no value",
        ),
        ({"a": [1, 2], "label": ["x", None]}, {"label_column": "label"}, "column 'label', row 1: no value"),
        (
            {"a": [1, 2], "label": [1, None]},
            {"label_column": "label"},
            "label column 'label', row 1: no value",
        ),
        ({"a": [1e39], "label": [1]}, {"label_column": "label"}, "beyond the range of float32"),
        ({"label": [1]}, {"label_column": "label"}, "no feature columns"),
        ({"a": [], "label": []}, {"label_column": "label"}, "no rows"),
        ({"a": [[1, 2]], "b": [1], "label": [1]}, {"label_column": "label"}, "cannot mix"),
        ({"a": [1], "g": [[1, 2]], "label": [1]}, {"label_column": "label", "group": "g"}, "one value a row"),
    ],
)
def test_tables_that_do_not_do_are_refused_by_name_and_row(table, columns, choice, why):
    """The message says what to change in the file or in the configuration."""
    with pytest.raises(DatasetError) as refused:
        load(table(columns), **choice)
    assert why in str(refused.value)


def test_text_of_too_many_values_is_refused(add):
    """A hundred thousand names would become a hundred thousand features."""
    data = pd.DataFrame({"name": [f"n{i}" for i in range(101)], "label": 0}).to_csv(index=False).encode()

    with pytest.raises(DatasetError, match="101 distinct values; at most 100"):
        load(add(data), label_column="label", one_hot=("*",))


def test_infinity_in_a_csv_is_refused_by_row(add):
    """1e400 is what a broken sensor writes."""
    with pytest.raises(DatasetError, match="column 'a', row 1: inf"):
        load(add(b"a,label\n1,0\n1e400,1\n"), label_column="label")


def test_boolean_labels_become_integers(table):
    """Losses subtract, and booleans do not."""
    examples = load(table({"a": [1, 2], "label": [True, False]}), label_column="label")

    assert examples.labels.dtype == np.int64
    assert examples.labels.tolist() == [1, 0]


def test_features_of_an_npz_are_mapped_not_copied(arrays):
    """A dataset larger than memory can still be trained on."""
    examples = load(arrays(x=np.zeros((1000, 10), "f4"), y=np.zeros(1000)))

    assert not examples.features.flags.owndata
    assert not examples.features.flags.writeable


def test_an_encoding_is_plain_data():
    """It is kept with the trained model, so that predictions are encoded alike."""
    from nntracker_ray.records import from_json, to_json

    encoding = Encoding(("a", "b"), {"b": ("x", "y")}, ("no", "yes"))

    assert from_json(Encoding, to_json(encoding)) == encoding
