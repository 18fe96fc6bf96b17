"""What of a page is drawn anew at a change, and what its charts say beside their lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from apps.dashboard.components.chart_grid import chart_title
from apps.dashboard.components.trees import tree_changes
from apps.dashboard.pages.runs_drawn import MOST_KEPT, DrawnRows
from apps.dashboard.pages.runs_found import RunsPage
from apps.dashboard.pages.runs_table import runs_table
from apps.dashboard.runs_place import RunsPlace
from nntracker_ray.figures.views import Split
from nntracker_ray.records import Configuration, NamedConf, RunRow, RunState
from nntracker_ray.run_lists import RunColumn, RunOrder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(number: int, **more) -> RunRow:
    values = {
        "run_no": number, "run_id": UUID(int=number), "experiment_id": UUID(int=1000), "experiment": "Digits",
        "name": f"run {number}", "state": RunState.FINISHED, "attempt": 1, "fold": None,
        "configuration": Configuration(NamedConf("Adam"), NamedConf("MeanSquaredError"), 0.01),
        "configuration_index": 0, "epochs_done": 3, "total_epochs": 9, "error": None, "tags": (),
        "created_at": NOON, "started_at": NOON, "ended_at": NOON + timedelta(minutes=1),
        "metrics": {"loss": 0.5},
    }  # fmt: skip
    return RunRow(**{**values, **more})


def rows_of(page: RunsPage) -> list:
    (_, _, (_, *bodies)) = runs_table(page)[2][0]
    return [row for body in bodies for row in body[2] if row[1].get("class") != "group"]


def test_only_what_has_changed_is_drawn_anew():
    """Fifty open lists of a hundred runs each, and every second an epoch of one of them."""
    runs = [run(number) for number in range(5)]
    page = RunsPage(tuple(runs), 5, RunsPlace(), NOON)
    before = rows_of(page)
    runs[3] = replace(runs[3], epochs_done=4, metrics={"loss": 0.4})

    after = rows_of(replace(page, rows=tuple(runs), now=NOON + timedelta(seconds=1)))

    assert [one is other for one, other in zip(before, after, strict=True)] == [True] * 3 + [False, True]


def test_whatever_a_row_shows_makes_it_another():
    """A row that is kept although it has changed would lie."""
    going = run(1, state=RunState.RUNNING, ended_at=None, metrics={})
    page = RunsPage((going,), 1, RunsPlace(), NOON)
    others = {
        "name": replace(page, rows=(replace(going, name="other"),)),
        "clock": replace(page, now=NOON + timedelta(seconds=1)),
        "selected": replace(page, selected=frozenset({going.run_id})),
        "order": replace(page, place=RunsPlace(order=RunOrder(RunColumn.NAME))),
        "a viewer": replace(page, may_act=False),
        "a tag": replace(page, rows=(replace(going, tags=("a",)),)),
        "not a number": replace(page, rows=(replace(going, metrics={"loss": float("nan")}),)),
    }
    rows_of(page)

    for what, other in others.items():
        fresh = rows_of(replace(other, drawn=DrawnRows()))
        assert rows_of(other) == fresh, what
        assert tree_changes(rows_of(page)[0], fresh[0]) != [], what


def test_rows_of_pages_long_turned_are_forgotten():
    """Somebody who turns all pages of 10,000 runs must not keep them all in the server's memory."""
    drawn = DrawnRows()
    for _ in range(3 * MOST_KEPT):
        drawn.row(uuid4(), (1,), lambda: ["tr", {}, []])

    assert len(drawn._known) <= MOST_KEPT + 1


def test_the_title_of_a_chart_is_its_legend():
    """A bit of line beside each value that is drawn; none beside what the switches have left out."""
    latest = {"loss": 0.5, "val_loss": 0.7}

    _, _, (name, train, validation) = chart_title("loss", latest, (Split.TRAIN,))

    assert name == "loss"
    assert [part[0] for part in train[2] if isinstance(part, list)] == ["svg", "b"]
    assert [part[0] for part in validation[2] if isinstance(part, list)] == ["b"]
