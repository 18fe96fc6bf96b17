"""Addresses of comparisons, what people do there, and what is drawn of what was fetched."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import numpy as np
import pytest

from apps.dashboard.compare_charts import drawing_of
from apps.dashboard.compare_deeds import after
from apps.dashboard.compare_place import ComparePlace, Kind, Subject, View
from apps.dashboard.compare_reader import Found, Member, metrics_of
from apps.dashboard.components.elements import Deed
from apps.dashboard.pages.compare_bars import side_options
from apps.dashboard.pages.compare_view import below_view, top_view
from nntracker_ray.comparing import Axis, curve_of
from nntracker_ray.figures.comparison_lines import Statistic
from nntracker_ray.records import Configuration, NamedConf, RunRow, RunState

EXPERIMENT = uuid4()


def read(address: str) -> ComparePlace:
    words = parse_qs(address.partition("?")[2])
    return ComparePlace.read({name: [value.encode() for value in values] for name, values in words.items()})


def row(number: int, name: str = "Digits", *, configuration: int = 0, **more) -> RunRow:
    values = {
        "run_no": number, "run_id": UUID(int=number), "experiment_id": EXPERIMENT, "experiment": "Digits",
        "name": name, "state": RunState.FINISHED, "attempt": 1, "fold": None,
        "configuration": Configuration(NamedConf("Adam"), NamedConf("MeanSquaredError"), 0.1),
        "configuration_index": configuration, "epochs_done": 3, "total_epochs": 3, "error": None, "tags": (),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC), "started_at": None, "ended_at": None,
        "metrics": {"loss": 0.1, "val_accuracy": 0.9},
    }  # fmt: skip
    return RunRow(**{**values, **more})


def found_of(rows: list[RunRow], view: View, **more) -> Found:
    subject = Subject(Kind.EXPERIMENT, str(EXPERIMENT))
    place = ComparePlace(subjects=(subject,), view=view, **more)
    curves = {
        one.run_id: curve_of(
            one.run_id,
            np.arange(3),
            np.arange(3),
            np.full(3, float(one.run_no)),
            np.full(3, "2026", "datetime64[us]"),
        )
        for one in rows
    }
    return Found(
        place,
        place,
        (Member(subject, "Digits", tuple(rows)),),
        metrics=("loss",),
        metric="loss",
        curves=curves,
    )


def words_of(tree) -> str:
    if not isinstance(tree, list):
        return str(tree)
    return " ".join(words_of(child) for child in tree[2])


def test_an_address_says_all_that_is_shown():
    """Whoever gets the link sees the same."""
    run = Subject(Kind.RUN, str(uuid4()))
    place = ComparePlace(
        subjects=(run, Subject(Kind.TAG, "night & day"), Subject(Kind.EXPERIMENT, str(EXPERIMENT))),
        view=View.DIFFERENCE,
        metric="val_loss",
        axis=Axis.TIME,
        log=True,
        smoothing=0.75,
        statistics=(Statistic.MEDIAN, Statistic.RANGE),
        members=True,
        left=run,
        minus=Subject(Kind.TAG, "a:b"),
        hidden=("Digits (1)",),
        parameter="learning rate",
        array="dense/kernel",
    )

    assert read(place.address()) == place
    assert read(place.address("/run?id=x&tab=comparisons")) == place


@pytest.mark.parametrize(
    "address",
    ["/compare?run=x&axis=up&smooth=nan&view=3d&minus=run:1&show=all", "/compare?smooth=-4", "/compare?tag="],
)
def test_what_an_address_says_wrongly_is_left_out(address):
    """An old or broken link opens the page all the same."""
    assert read(address) == ComparePlace()


def test_deeds_change_one_thing_and_nonsense_changes_nothing():
    """What the browser sends is checked."""
    place = ComparePlace()
    added = after(place, Deed("add", "tag:x"))
    deeds = [Deed("axis", "up"), Deed("statistic", "mode", True), Deed("nothing", "x"), Deed("add", "tag:x")]

    assert [str(subject) for subject in added.subjects] == ["tag:x"]
    assert after(added, Deed("remove", "tag:x")) == place
    assert after(added, Deed("toggle", "x")).hidden == ("x",)
    assert after(after(added, Deed("toggle", "x")), Deed("toggle", "x")) == added
    assert after(place, Deed("smooth", "7")).smoothing < 1
    assert after(place, Deed("statistic", "mean", False)).statistics == (Statistic.SPREAD,)
    assert all(after(added, deed) == added for deed in deeds)


def test_what_is_added_stands_where_the_address_will_have_it():
    """Colours must not change when the page is loaded again."""
    place = ComparePlace()
    for subject in ("experiment:" + str(EXPERIMENT), "tag:b", f"run:{UUID(int=1)}", "tag:a"):
        place = after(place, Deed("add", subject))

    assert read(place.address()) == place


def test_tags_alone_are_compared_as_groups_at_first():
    """Who compares tags wants to know about many runs."""
    assert read("/compare?tag=a&tag=b").shown_view is View.GROUPS
    assert read(f"/compare?tag=a&run={uuid4()}").shown_view is View.LINES


def test_folds_of_a_configuration_are_one_line():
    """Ten folds of four configurations are four lines with bands, named as the configurations are."""
    rows = [
        row(1, "Digits (LR1) (1)", fold=0), row(2, "Digits (LR1) (2)", fold=1),
        row(3, "Digits (LR2) (1)", fold=0, configuration=1), row(4, "Digits (LR2) (2)", fold=1, configuration=1),
    ]  # fmt: skip

    drawing = drawing_of(found_of(rows, View.FOLDS))

    assert drawing is not None
    assert [key.name for key in drawing.keys] == ["Digits (LR1)", "Digits (LR2)"]
    assert [group.aggregate.mean[0] for group in drawing.groups] == [1.5, 3.5]
    assert [key.about for key in drawing.keys] == ["2 runs", "2 runs"]


def test_runs_of_one_name_are_told_apart():
    """Two lines of one name could be neither hidden nor found."""
    drawing = drawing_of(found_of([row(1), row(2)], View.LINES))

    assert drawing is not None
    assert [key.name for key in drawing.keys] == ["Digits #1", "Digits #2"]


def test_more_lines_than_one_can_tell_apart_are_counted_not_hidden():
    """Sampling in silence would be a lie."""
    found = found_of([row(number) for number in range(1, 61)], View.LINES)
    drawing = drawing_of(found)

    assert drawing is not None
    assert (len(drawing.keys), drawing.left_out) == (50, 10)
    assert "10 further runs not drawn" in words_of(below_view(found, drawing))


def test_a_thousand_groups_or_members_do_not_reach_the_browser():
    """Each line may have thousands of points; the numbers of a group are over all of its runs all the same."""
    rows = [row(number, f"Digits ({number})", configuration=number % 70) for number in range(1, 1001)]
    grid, whole = (found_of(rows, view, members=True) for view in (View.FOLDS, View.GROUPS))

    folds, group = drawing_of(grid), drawing_of(whole)

    assert folds is not None
    assert group is not None
    assert (len(folds.groups), folds.groups_left_out, len(folds.keys)) == (50, 20, 50)
    assert max(len(drawing.chart.lines) for drawing in (folds, group)) < 200
    assert group.groups[0].aggregate.count.tolist() == [1000] * 3
    assert "950 further runs not drawn" in words_of(below_view(whole, group))
    assert "20 further groups not drawn" in words_of(below_view(grid, folds))


def test_an_empty_comparison_says_what_to_do():
    """A blank page helps nobody."""
    place = ComparePlace()

    nothing = words_of(top_view(Found(place, place), [], "", title=None))
    found = found_of([], View.LINES)

    assert "Make an experiment" in nothing
    assert "not for you to see" in words_of(below_view(found, drawing_of(found)))


def test_a_side_of_a_difference_may_be_a_group_or_one_of_its_runs():
    """Also the run against the mean of its siblings."""
    options = side_options(found_of([row(1), row(2)], View.DIFFERENCE))

    assert [text for _, text in options] == ["mean of experiment Digits", "Digits (run 1)", "Digits (run 2)"]
    assert [text for _, text in side_options(found_of([row(1)], View.WEIGHTS), only_runs=True)] == [
        "Digits (run 1)"
    ]


def test_metrics_are_offered_in_a_calm_order():
    """Accuracy and loss first, each with its validation."""
    rows = [row(1, metrics={"zeta": 1.0, "val_loss": 1.0, "loss": 1.0}), row(2, metrics={"accuracy": 1.0})]

    assert metrics_of(rows) == ("accuracy", "loss", "val_loss", "zeta")
