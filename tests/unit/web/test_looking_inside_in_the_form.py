"""The part "Looking inside" of the form: presets and metrics, said in the file as in the fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.dashboard.components.elements import Deed
from apps.dashboard.components.trees import Tree
from apps.dashboard.draft_values import in_field, way_of
from apps.dashboard.drafts import Draft, complaints
from apps.dashboard.pages.new_deeds import CHANGES
from apps.dashboard.pages.new_fields import Form
from apps.dashboard.pages.new_inside import inside_part
from apps.dashboard.pages.new_outcome import looking_words
from nntracker_ray.config.parsing import parse_yaml
from nntracker_ray.errors import Problem
from nntracker_ray.introspection.catalog import known_metrics

FILE = """\
name: Digits
introspection:
- basic
- mean
- {metric: norm, conf: {p: 1}, topics: [biases], every: 10}
"""


def done(draft: Draft, act: str, value: str = "", *, checked: bool | None = None) -> Draft:
    """The draft after somebody has used an element of the form."""
    name, _, place = act.partition(":")
    return CHANGES[name](draft, place, Deed(act, value, checked))


def looks(draft: Draft) -> list:
    assert draft == Draft.of_text(draft.text)
    return parse_yaml(draft.text).get("introspection", [])


def elements(tree: Tree) -> Iterator[tuple[str, dict, list]]:
    if not isinstance(tree, str):
        yield tuple(tree)
        for child in tree[2]:
            yield from elements(child)


def drawn(draft: Draft, *problems: Problem, cost: float | None = None) -> Tree:
    return inside_part(Form(draft, complaints(problems, draft)), known_metrics(), cost)


def text_of(tree: Tree) -> str:
    return tree if isinstance(tree, str) else " ".join(map(text_of, tree[2]))


class TestTheDraft:
    def test_presets_come_first_in_their_order(self):
        """The file reads from the whole to the single."""
        draft = done(Draft.of_text("introspection: [mean]\n"), "preset", "everything", checked=True)

        assert looks(done(draft, "preset", "basic", checked=True)) == ["basic", "everything", "mean"]
        assert looks(done(draft, "preset", "everything", checked=False)) == ["mean"]

    def test_the_key_goes_with_the_last_entry(self):
        """An empty list says nothing."""
        draft = done(Draft.of_text("name: x\nintrospection: basic\n"), "preset", "basic", checked=False)

        assert draft.text == "name: x\n"

    def test_metrics_are_added_removed_and_exchanged(self):
        """Another metric on the same layers as often; topics and arguments were the old one's."""
        draft = Draft.of_text(FILE)

        assert looks(done(draft, "add-look", "svcca"))[-1] == "svcca"
        assert looks(done(draft, "remove-look", "1"))[1]["metric"] == "norm"
        assert looks(done(draft, "rename-look:2", "variance"))[2] == {"metric": "variance", "every": 10}
        assert looks(done(draft, "rename-look:1", "sum"))[1] == "sum"

    def test_topics_are_chosen_one_by_one(self):
        """None chosen: the metric's own."""
        draft = done(Draft.of_text(FILE), "topic:1", "activations", checked=True)

        assert looks(draft)[1] == {"metric": "mean", "topics": ["activations"]}
        assert looks(done(draft, "topic:1", "activations", checked=False))[1] == "mean"

    def test_steps_and_epochs_exclude_each_other(self):
        """Both would be refused."""
        draft = done(Draft.of_text(FILE), "set:introspection.2.every_epochs", "2")

        assert looks(draft)[2] == {
            "metric": "norm",
            "conf": {"p": 1},
            "topics": ["biases"],
            "every_epochs": 2,
        }

    def test_fields_write_into_their_entry(self):
        """A name alone becomes an object when more is said of it, and a name again."""
        draft = done(Draft.of_text(FILE), "set:introspection.1.layers", "dense*, conv_1")
        draft = done(draft, "set:introspection.2.conf.p", "")

        assert looks(draft)[1] == {"metric": "mean", "layers": ["dense*", "conv_1"]}
        assert "conf" not in looks(draft)[2]
        assert looks(done(draft, "set:introspection.1.layers", ""))[1] == "mean"

    @pytest.mark.parametrize(
        ("act", "value", "checked"),
        [
            ("preset", "no_such", True),
            ("preset", "basic", None),
            ("remove-look", "x", None),
            ("remove-look", "99", None),
            ("rename-look:99", "mean", None),
            ("rename-look:", "mean", None),
            ("topic:99", "weights", True),
            ("topic:x", "weights", True),
            ("set:introspection.99.every", "3", None),
            ("add-look", "", None),
        ],
    )
    def test_what_no_element_says_changes_nothing(self, act: str, value: str, checked: bool | None):
        """All of it comes from the browser."""
        draft = Draft.of_text(FILE)

        assert looks(done(draft, act, value, checked=checked)) == looks(draft)

    @pytest.mark.parametrize(
        ("place", "typed", "value"),
        [
            ("introspection.0.every", "100", 100),
            ("introspection.0.every_epochs", "two", "two"),
            ("introspection.0.layers", "dense*, conv", ["dense*", "conv"]),
            ("introspection.0.conf.p", "1.5", 1.5),
            ("introspection.0.conf.of", '["weights/norm"]', ["weights/norm"]),
            ("introspection.0.budget", "0.5", 0.5),
        ],
    )
    def test_fields_are_read_as_values_and_shown_again(self, place, typed, value):
        """What cannot be a value stays text, so that the check can say what is wrong with it."""
        assert way_of(place).read(typed) == value
        assert in_field(place, value) == typed


class TestTheForm:
    def test_it_shows_what_the_file_says(self):
        """Two views of one draft."""
        tree = drawn(Draft.of_text(FILE))
        boxes = {
            (one["data-act"], one["data-value"]): one["checked"]
            for tag, one, _ in elements(tree)
            if tag == "input" and one.get("type") == "checkbox"
        }
        fields = {one["id"]: one["value"] for tag, one, _ in elements(tree) if tag == "input" and "id" in one}

        assert boxes["preset", "basic"]
        assert not boxes["preset", "gradients"]
        assert boxes["topic:2", "biases"]
        assert not boxes["topic:1", "weights"]
        assert fields["field-introspection.2.every"] == "10"
        assert fields["field-introspection.2.conf.p"] == "1"
        assert "zero_share" in {one.get("value") for tag, one, _ in elements(tree) if tag == "option"}

    def test_it_says_what_happens_where_nothing_is_said(self):
        """Faintly, in the field."""
        tree = drawn(Draft.of_text("introspection: [mean, svcca]\n"))
        faint = {
            one["id"]: one.get("placeholder")
            for tag, one, _ in elements(tree)
            if tag == "input" and "id" in one
        }

        assert faint["field-introspection.0.every"] == "100"
        assert faint["field-introspection.1.every_epochs"] == "1"
        assert "weights, unless others are chosen" in text_of(tree)

    @pytest.mark.parametrize(
        ("path", "id_"),
        [
            ("introspection[2].every", "wrong-introspection.2.every"),
            ("introspection[2].conf.p", "wrong-introspection.2.conf.p"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field(self, path: str, id_: str):
        """Where one looks."""
        tree = drawn(Draft.of_text(FILE), Problem(path, "not so"))

        (shown,) = [children for _, one, children in elements(tree) if one.get("id") == id_]
        assert shown == ["not so"]

    @pytest.mark.parametrize(
        "path", ["introspection", "introspection[0]", "introspection[1]", "introspection[2].topics[0]"]
    )
    def test_what_is_wrong_with_an_entry_is_shown_too(self, path: str):
        """No complaint without a place."""
        tree = drawn(Draft.of_text(FILE), Problem(path, "not so"))

        assert text_of(tree).count("not so") == 1

    def test_an_unknown_metric_can_be_seen_and_removed(self):
        """It may come from another machine, where it is installed."""
        tree = drawn(Draft.of_text("introspection: [of_somebody]\n"), Problem("introspection[0]", "unknown"))

        assert "Remove of_somebody" in {one.get("aria-label") for _, one, _ in elements(tree)}
        assert "unknown" in text_of(tree)

    @pytest.mark.parametrize(
        "entries", ["3", "{a: 1}", "[[1], null, {metric: [1]}]", "[{metric: mean, topics: 3, conf: 4}]"]
    )
    def test_nonsense_in_the_file_breaks_no_page(self, entries: str):
        """The file is written by hand."""
        assert drawn(Draft.of_text(f"introspection: {entries}\n"))

    @pytest.mark.parametrize(
        ("share", "words"),
        [(0.001, "less than 1 %"), (0.021, "about 2 %"), (1.5, "about 150 %")],
    )
    def test_the_cost_is_said_in_percent(self, share: float, words: str):
        """An estimate is no more exact than that."""
        assert looking_words(share) == f"looking inside: {words} of the training time"
        assert words in text_of(drawn(Draft.of_text(FILE), cost=share))
