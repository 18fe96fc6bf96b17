"""Marks of a changing learning rate on a live chart: sent as they come, left out where they would hide the curve."""

from __future__ import annotations

from datetime import datetime

from apps.dashboard.components.chart import MetricChart
from apps.dashboard.curve_rows import CurveRows, Row
from apps.dashboard.pages.run_history import MOST_CHANGES, RunHistory, history_view
from nntracker_ray.figures import CurveView, RateChange
from nntracker_ray.figures.rate_changes import CHANGES_LABEL, MOST_MARKS

NOON = datetime(2026, 3, 1, 12)


def rows_of(*epochs: int) -> dict[str, list]:
    rows = [Row("run", "loss", epoch, 10 * epoch, 1.0, NOON, inherited=False) for epoch in epochs]
    return dict(zip(Row._fields, map(list, zip(*rows, strict=True)), strict=True))


def changes_before(epoch: int) -> tuple[RateChange, ...]:
    """A schedule that changes the rate at every epoch but the first."""
    return tuple(RateChange(one, 10 * one, 0.1 / one, 0.1 / (one + 1), "cosine") for one in range(1, epoch))


def marks(chart: MetricChart) -> list[float]:
    found = [one for one in chart.pane.object.renderers if one.name == CHANGES_LABEL]
    return list(found[0].data_source.data["epoch"]) if found else []


def test_a_mark_is_sent_and_the_chart_stays():
    """A rate that changes at each epoch must not draw every chart anew at each epoch, history and all."""
    rows = CurveRows()
    rows.add(rows_of(0, 1, 2))
    chart = MetricChart("loss", rows, CurveView(), changes_before(3))
    figure = chart.pane.object

    rows.add(rows_of(3))
    chart.extend(changes_before(4))

    assert chart.pane.object is figure
    assert marks(chart) == [0.5, 1.5, 2.5]


def test_the_first_mark_is_drawn_and_too_many_are_not():
    """A fence of a thousand lines would hide the curve; the table of changes has them all."""
    rows = CurveRows()
    rows.add(rows_of(0, 1, 2))
    chart = MetricChart("loss", rows, CurveView())

    chart.extend(changes_before(3))
    few = marks(chart)
    chart.extend(changes_before(MOST_MARKS + 2))

    assert few == [0.5, 1.5]
    assert marks(chart) == []


def test_a_long_table_of_changes_ends():
    """What the browser is sent at an epoch must not grow with the run."""
    names = ("parameter", "epoch", "step", "old", "new", "cause")
    lines = [("learning_rate", epoch, 10 * epoch, 0.2, 0.1, "cosine") for epoch in range(1_000)]
    found = dict(zip(names, map(list, zip(*lines, strict=True)), strict=True))
    states = {key: [] for key in ("state", "time", "by", "why", "error", "attempt")}
    log = {key: [] for key in ("attempt", "line_no", "time", "source", "level", "text")}

    said = str(history_view(RunHistory(states, found, log)))

    assert said.count("'cosine'") == MOST_CHANGES
    assert f"newest {MOST_CHANGES} of 1,000" in said
