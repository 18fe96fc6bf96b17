"""The pure parts of pages: markup differences, rows that are new, numbers in words."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.api.origins import own_origin
from apps.dashboard import words
from apps.dashboard.components.elements import h, safe_text
from apps.dashboard.components.trees import tree_changes
from apps.dashboard.curve_rows import CurveRows
from nntracker_ray.records import Configuration, NamedConf, RunRow, RunState


def applied(tree, changes):
    """What the browser makes of `changes`, in Python."""
    tree = copy.deepcopy(tree)
    for change in changes:
        node = tree
        for index in change["at"]:
            node = node[2][index]
        if "attributes" in change:
            node[1] = change["attributes"]
        else:
            node[2][change["start"] : change["start"] + change["remove"]] = change["insert"]
    return tree


texts = st.sampled_from(["", "a", "b", "<b>"])
keys = st.dictionaries(st.sampled_from(["data-key", "class"]), st.sampled_from("123"), max_size=2)
trees = st.recursive(
    texts,
    lambda children: st.tuples(st.sampled_from(["div", "tr"]), keys, st.lists(children, max_size=5)).map(
        list
    ),
    max_leaves=15,
)
roots = st.lists(trees, max_size=6).map(lambda children: ["table", {}, children])


@given(roots, roots)
def test_changes_make_the_new_tree_of_the_old(before, after):
    """A page that is updated a thousand times must look like one that is loaded now."""
    assert applied(before, tree_changes(before, after)) == after


def test_a_new_row_costs_one_row():
    """Bytes per update must not grow with the table."""
    rows = [h("tr", h("td", str(n)), data_key=n) for n in range(200)]
    before, after = h("tbody", *rows[:-1][::-1]), h("tbody", *rows[1:][::-1])

    changes = tree_changes(before, after)

    assert len(str(changes)) < 200
    assert applied(before, changes) == after


def test_attributes_keep_python_names_readable():
    """`aria_label` is written as HTML writes it, and what is None is left out."""
    assert h("p", "x", None, cls="a", aria_label="b", title=None) == [
        "p",
        {"aria-label": "b", "class": "a"},
        ["x"],
    ]


def test_words_for_html_are_escaped():
    """The few places that take HTML get words, not markup."""
    assert (
        safe_text("""<img src=x onerror='a("b")'>""")
        == "&lt;img src=x onerror=&#x27;a(&quot;b&quot;)&#x27;&gt;"
    )


def columns(*rows):
    names = ("run_id", "metric", "epoch", "value")
    values = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    at = {"step": [row[2] for row in rows], "time": [datetime(2026, 1, 1)] * len(rows)}
    return {**values, **at, "inherited": [False] * len(rows)}


def test_rows_seen_before_are_not_new():
    """The newest epoch is asked for twice, because test values follow it; it must not be drawn twice."""
    rows = CurveRows()
    rows.add(columns(("r", "loss", 0, 1.0), ("r", "loss", 1, 0.9)))

    assert rows.after_epoch == 0
    fresh = rows.add(columns(("r", "loss", 1, 0.9), ("r", "test_loss", 1, 0.8), ("r", "loss", 2, 0.7)))

    assert [(row.metric, row.epoch) for row in fresh] == [("test_loss", 1), ("loss", 2)]
    assert len(rows.frame) == len(rows) == 4
    assert rows.latest == {"loss": 0.7, "test_loss": 0.8}
    assert not rows.add(columns())


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (36_000, "10:00:00")]
)
def test_durations_read_as_on_a_clock(seconds, said):
    """One looks at them every day."""
    assert words.duration(timedelta(seconds=seconds)) == said


def test_the_time_left_counts_neither_pauses_nor_inherited_epochs():
    """A fork of a long run, paused overnight, is done when its last epochs are."""
    began = datetime(2026, 3, 1, tzinfo=UTC)
    fork = RunRow(
        run_no=2,
        run_id=uuid4(),
        experiment_id=uuid4(),
        experiment="Digits",
        name="Digits fork 1",
        state=RunState.RUNNING,
        attempt=2,
        fold=None,
        configuration=Configuration(NamedConf("Adam"), NamedConf("MeanSquaredError"), 0.01),
        configuration_index=1,
        epochs_done=90,
        total_epochs=100,
        error=None,
        tags=(),
        created_at=began,
        started_at=began,
        ended_at=None,
        metrics={"epoch_time": 3.0},
        inherited_epochs=88,
    )

    assert words.time_left(fork) == timedelta(seconds=30)
    assert words.time_left(replace(fork, state=RunState.PAUSED)) is None


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.0.0.5"])
def test_loopback_is_always_us(host):
    """A person's own machine needs no setting."""
    assert own_origin(host, frozenset()) == f"http://{host}"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "10.0.0.1:8000",
        "[",
        "a@b:1",
    ],
)
def test_other_names_are_not_us(host):
    """Another site can have its name point here (DNS rebinding); only listed names are answered."""
    assert own_origin(host, frozenset({"https://tracker.example"})) is None


def test_a_listed_name_is_us_with_its_scheme():
    """Behind a TLS proxy we see http, the browser https."""
    assert own_origin("tracker.example", frozenset({"https://tracker.example"})) == "https://tracker.example"
