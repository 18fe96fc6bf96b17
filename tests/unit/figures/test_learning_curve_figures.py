"""What a chart of learning curves must show, checked on the numbers and on the drawn figure."""

import holoviews as hv
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntracker_ray.figures import (
    FORKS_LABEL,
    MARKS_LABEL,
    SERIES_COLORS,
    Split,
    curve_series,
    keep_extremes,
    known_metrics,
    learning_curves,
)

DARK_PAPER = "#14181f"


def frame_of(**metrics: list[float]) -> pd.DataFrame:
    rows = [
        ("run-1", name, epoch, value)
        for name, values in metrics.items()
        for epoch, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["run_id", "metric", "epoch", "value"])


def source_of(figure, name):
    return next(r for r in figure.renderers if r.name == name).data_source


def test_a_metric_brings_its_validation_and_test_values():
    """One chart answers "does it overfit?" without a second look."""
    frame = frame_of(accuracy=[0.5, 0.6], val_accuracy=[0.4, 0.5], test_accuracy=[0.45], loss=[1.0, 0.9])

    series = curve_series(frame, "accuracy")

    assert [one.split for one in series] == [Split.TRAIN, Split.VALIDATION, Split.TEST]
    assert [one.label for one in series] == ["train", "validation", "test"]
    assert series[1].values.tolist() == [0.4, 0.5]


def test_values_that_are_not_finite_become_gaps_and_are_kept_as_marks():
    """A loss that explodes must be seen where it exploded, not skipped over by a straight line."""
    frame = frame_of(loss=[1.0, np.nan, 0.8, np.inf, -np.inf])

    (series,) = curve_series(frame, "loss")

    assert np.isnan(series.values[[1, 3, 4]]).all()
    assert series.lost_epochs.tolist() == [1, 3, 4]
    assert str(series.lost_values.tolist()) == "[nan, inf, -inf]"


def test_the_drawn_figure_has_the_gap_and_a_cross_at_the_axis():
    """The promise is kept by what the browser gets, not only by the numbers before."""
    frame = frame_of(loss=[1.0, np.nan, 0.8, np.inf])

    figure = hv.render(learning_curves(frame, "loss"))

    line, marks = source_of(figure, "train").data, source_of(figure, MARKS_LABEL)
    assert np.isnan(line["value"][1])
    assert marks.data["epoch"].tolist() == [1, 3]
    assert marks.data["height"][0] < 0.1 < 0.9 < marks.data["height"][1]
    assert next(r for r in figure.renderers if r.name == MARKS_LABEL).y_range_name == "share"


def test_the_value_axis_follows_the_lines_in_sight_only():
    """Crosses and hidden series must not squeeze the curve that one looks at."""
    figure = hv.render(learning_curves(frame_of(loss=[5.0, 4.0, np.nan], val_loss=[6.0, 5.0, 5.0]), "loss"))

    names = {renderer.name for renderer in figure.y_range.renderers}

    assert MARKS_LABEL not in names
    assert {"train", "validation"} <= names
    assert figure.y_range.only_visible


def test_a_chart_without_values_is_an_empty_chart():
    """A run that has not finished its first epoch is no error."""
    figure = hv.render(learning_curves(frame_of(), "accuracy"))

    assert [renderer.name for renderer in figure.renderers] == [MARKS_LABEL]


def test_runs_side_by_side_keep_one_colour_each_and_tell_the_split_by_the_dash():
    """Eye and legend must agree: the same run has the same colour in training and validation."""
    frame = pd.concat([frame_of(loss=[1.0, 0.5], val_loss=[1.1, 0.7]).assign(run_id=run) for run in "ab"])

    overlay = learning_curves(frame, "loss", names={"a": "Fold 1", "b": "Fold 2"})

    options = [hv.Store.lookup_options("bokeh", curve, "style").kwargs for curve in list(overlay)[:-1]]
    assert [curve.label for curve in list(overlay)[:-1]] == [
        "Fold 1, train", "Fold 1, validation", "Fold 2, train", "Fold 2, validation",
    ]  # fmt: skip
    assert [o["color"] for o in options] == [SERIES_COLORS[0]] * 2 + [SERIES_COLORS[1]] * 2
    assert [o["line_dash"] for o in options] == ["solid", "dashed"] * 2


def forked_frame(run_id="run-1"):
    """Three inherited epochs, then two of the fork's own."""
    frame = frame_of(loss=[1.0, 0.9, 0.8, 0.7, 0.6], val_loss=[1.1, 1.0, 0.9, 0.8, 0.7])
    return frame.assign(run_id=run_id, inherited=frame["epoch"] < 3)


def test_the_inherited_part_of_a_fork_is_joined_to_its_own():
    """One training is one line: a gap at the fork would look like a lost epoch."""
    train, validation = curve_series(forked_frame(), "loss")

    assert train.inherited_epochs.tolist() == [0, 1, 2]
    assert train.epochs.tolist() == [2, 3, 4]
    assert train.values.tolist() == [0.8, 0.7, 0.6]
    assert validation.inherited_values.tolist() == [1.1, 1.0, 0.9]


def test_a_fork_that_has_not_begun_is_a_line_to_go_on_from():
    """A live chart adds the fork's first epoch to the point where it was forked."""
    frame = forked_frame()

    train, _ = curve_series(frame[frame["inherited"]], "loss")

    assert (train.epochs.tolist(), train.values.tolist()) == ([2], [0.8])


def test_what_a_fork_inherited_is_fainter_and_ends_in_a_ring():
    """What the fork itself has done must be told from what it was given."""
    figure = hv.render(learning_curves(forked_frame(), "loss"))

    by_name = {renderer.name: renderer for renderer in figure.renderers}
    inherited, ring = by_name["train inherited"], by_name[f"train {FORKS_LABEL}"]
    assert inherited.glyph.line_alpha < by_name["train"].glyph.line_alpha
    assert inherited.glyph.line_color == by_name["train"].glyph.line_color
    assert inherited.data_source.data["epoch"].tolist() == [0, 1, 2]
    assert ring.data_source.data["epoch"].tolist() == [2]
    (legend,) = figure.legend
    assert [item.label.value for item in legend.items] == ["train", "validation"]
    assert {inherited, ring} <= set(legend.items[0].renderers)


def test_a_fork_beside_its_parent_keeps_its_own_colour():
    """The shared history lies under both lines."""
    frame = pd.concat([frame_of(loss=[1.0, 0.9, 0.8, 0.75]).assign(inherited=False), forked_frame("run-2")])

    figure = hv.render(learning_curves(frame, "loss"))

    by_name = {renderer.name: renderer for renderer in figure.renderers}
    assert "run-1, train inherited" not in by_name
    assert by_name["run-2, train inherited"].glyph.line_color == SERIES_COLORS[1]


def test_metrics_are_offered_once_with_accuracy_and_loss_first():
    """val_ and test_ are the same metric on other examples."""
    names = ["val_loss", "auc", "loss", "accuracy", "test_auc", "val_accuracy"]

    assert known_metrics(names) == ("accuracy", "loss", "auc")


values = hnp.arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6) | st.just(np.nan))


@given(values, st.integers(4, 100))
def test_thinning_keeps_every_extreme_and_every_gap(y, max_points):
    """Hidden sampling is a lie: what is highest, lowest or missing in any stretch must still be drawn."""
    x = np.arange(len(y))

    kept_x, kept_y = keep_extremes(x, y, max_points)

    assert np.isin(kept_x, x).all()
    assert (np.diff(kept_x) > 0).all()
    assert len(kept_x) <= max(max_points * 5 // 4 + 5, 0) or len(y) <= max_points
    assert np.isnan(kept_y).any() == np.isnan(y).any()
    if np.isfinite(y).any():
        assert np.nanmax(kept_y) == np.nanmax(y)
        assert np.nanmin(kept_y) == np.nanmin(y)
    assert kept_x[0] == 0
    assert kept_x[-1] == len(y) - 1


def test_a_single_spike_survives_thinning_of_a_million_points():
    """The one step at which a training blew up is the one that is looked for."""
    y = np.zeros(1_000_000)
    y[123_457] = 7.0

    kept_x, kept_y = keep_extremes(np.arange(len(y)), y, 2_000)

    assert len(kept_x) <= 2_000
    assert kept_y.max() == 7.0
    assert kept_x[kept_y.argmax()] == 123_457


@pytest.mark.parametrize("paper", ["#ffffff", DARK_PAPER])
@pytest.mark.parametrize("color", SERIES_COLORS)
def test_every_series_colour_can_be_seen_on_both_papers(color, paper):
    """The same chart is read in the light and in the dark theme."""
    light, dark = sorted((luminance(color), luminance(paper)), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= 2.3


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
