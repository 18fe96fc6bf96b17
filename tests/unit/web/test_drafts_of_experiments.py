"""The draft behind the page of a new experiment: form and file say the same."""

from __future__ import annotations

import pytest

from apps.dashboard.draft_values import in_field, way_of
from apps.dashboard.drafts import Draft, complaint_at, complaints
from nntracker_ray.config.parsing import parse_yaml
from nntracker_ray.errors import Problem

FILE = """\
name: Digits  # as they were
k-fold_validation: 2
optimizer: adam
learning_rates: [0.1, 0.01]
"""


def test_a_text_is_kept_as_it_was_written():
    """Comments and layout are the author's, until the form writes."""
    assert Draft.of_text(FILE).text == FILE


def test_the_form_finds_what_the_file_says_in_any_spelling():
    """`optimizer: adam` and `optimizers: [adam]` mean the same."""
    draft = Draft.of_text(FILE)

    assert draft.entries("optimizers") == [("adam", {})]
    assert draft.value("folds.count") == 2
    assert draft.value("learning_rates") == [0.1, 0.01]


def test_a_change_in_the_form_is_in_the_file_and_leaves_the_rest():
    """Edit either, the other follows."""
    draft = Draft.of_text(FILE).put("batch_size", 64).put("early_stopping.patience", 3)

    assert parse_yaml(draft.text) == {
        "name": "Digits",
        "k-fold_validation": 2,
        "optimizer": "adam",
        "learning_rates": [0.1, 0.01],
        "batch_size": 64,
        "early_stopping": {"patience": 3},
    }
    assert draft == Draft.of_text(draft.text)


def test_folds_become_an_object_when_more_is_said_of_them():
    """Two keys that ask for folds would be refused."""
    draft = Draft.of_text(FILE).put("folds.kind", "stratified")

    assert parse_yaml(draft.text)["folds"] == {"count": 2, "kind": "stratified"}
    assert "k-fold_validation" not in draft.text


def test_taking_a_value_away_takes_empty_objects_with_it():
    """`early_stopping: {}` would still mean: stop early."""
    draft = Draft.of_text("early_stopping:\n  patience: 3\nname: x\n").put("early_stopping.patience", None)

    assert parse_yaml(draft.text) == {"name": "x"}


def test_entries_are_written_short_where_they_can():
    """A name alone needs no object."""
    draft = Draft().with_entries("optimizers", [("SGD", {"momentum": 0.9}), ("Adam", {})])

    assert parse_yaml(draft.text) == {"optimizers": [{"optimizer": "SGD", "conf": {"momentum": 0.9}}, "Adam"]}


def test_an_argument_is_put_into_its_entry():
    """Fields of arguments name their place with the number of the entry in it."""
    draft = Draft.of_text("optimizers: [adam, {optimizer: SGD}]").put("optimizers.1.conf.momentum", 0.9)

    assert draft.entries("optimizers") == [("adam", {}), ("SGD", {"momentum": 0.9})]
    assert draft.put("optimizers.0.conf.beta_1", 0.8).entries("optimizers")[0] == ("adam", {"beta_1": 0.8})


def test_what_cannot_be_read_leaves_the_form_as_it_was():
    """Half-typed text must not empty the form."""
    before = Draft.of_text(FILE)
    draft = Draft.of_text("name: [", before)

    assert "is not YAML" in draft.trouble
    assert draft.tree == before.tree
    assert draft.text == "name: ["


def test_problems_stand_beside_their_field():
    """Whatever the spelling of the file."""
    draft = Draft.of_text(FILE)
    found = complaints(
        [
            Problem("k-fold_validation", "too many"),
            Problem("learning_rates[1]", "too small"),
            Problem("optimizer[0].conf.beta_1", "too large"),
        ],
        draft,
    )

    assert complaint_at(found, "folds.count") == "too many"
    assert complaint_at(found, "learning_rates") == "too small"
    assert complaint_at(found, "optimizers.0.conf.beta_1") == "too large"
    assert complaint_at(found, "name") == ""


@pytest.mark.parametrize(
    ("place", "typed", "value", "shown"),
    [
        ("total_epochs", "25", 25, "25"),
        ("total_epochs", "many", "many", "many"),
        ("total_epochs", " ", None, ""),
        ("learning_rates", "0.1, 1e-3", [0.1, 0.001], "0.1, 0.001"),
        ("learning_rates", "[0.1 x]", [0.1, "x"], "0.1, x"),
        ("tags", "a, b ,", ["a", "b"], "a, b"),
        ("one_hot", "*", True, "*"),
        ("sweep", "{batch_size: [16, 64]}", {"batch_size": [16, 64]}, '{"batch_size": [16, 64]}'),
        ("sweep", "{", "{", "{"),
        ("optimizers.0.conf.nesterov", "true", True, "true"),
        ("optimizers.0.conf.epsilon", "1e-7", 1e-7, "1e-07"),
        ("name", "1e3", "1e3", "1e3"),
    ],
)
def test_fields_are_read_as_values_and_shown_again(place, typed, value, shown):
    """What cannot be a value stays text, so that the check can say what is wrong with it."""
    assert way_of(place).read(typed) == value
    assert in_field(place, value) == shown
