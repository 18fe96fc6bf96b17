"""Axis, scale, smoothing and splits change how a curve is drawn, never what was measured."""

import holoviews as hv
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.figures import (
    MARKS_LABEL,
    SMOOTH_LABEL,
    Axis,
    CurveView,
    RateChange,
    Split,
    curve_series,
    learning_curves,
    smoothed,
)
from nntracker_ray.figures.rate_changes import CHANGES_LABEL

BEGIN = pd.Timestamp("2026-01-01")


def frame_of(**metrics: list[float]) -> pd.DataFrame:
    """Ten updates and two seconds an epoch, with a pause of an hour before epoch 2."""
    rows = [
        (
            "run-1",
            name,
            epoch,
            10 * (epoch + 1),
            value,
            BEGIN + pd.Timedelta(seconds=2 * epoch + 3600 * (epoch > 1)),
        )
        for name, values in metrics.items()
        for epoch, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["run_id", "metric", "epoch", "step", "value", "time"])


def drawn(frame: pd.DataFrame, **given):
    figure = hv.render(learning_curves(frame, "loss", **given))
    return {renderer.name: renderer for renderer in figure.renderers}, figure


def test_steps_are_the_updates_made():
    """Runs of different batch size are compared by updates."""
    (series,) = curve_series(frame_of(loss=[3.0, 2.0, 1.0]), "loss", view=CurveView(axis=Axis.STEP))

    assert series.epochs.tolist() == [10, 20, 30]


def test_time_is_time_of_training_and_leaves_pauses_out():
    """A run that was paused for a night has not trained for a night."""
    frame = frame_of(loss=[3.0, 2.0, 1.0], elapsed_time=[2.0, 4.0, 6.5])

    (series,) = curve_series(frame, "loss", view=CurveView(axis=Axis.TIME))

    assert series.epochs.tolist() == [2.0, 4.0, 6.5]


def test_without_the_trainers_clock_time_counts_from_the_first_value():
    """Runs of other tools, imported, have no clock of ours."""
    (series,) = curve_series(frame_of(loss=[3.0, 2.0, 1.0]), "loss", view=CurveView(axis=Axis.TIME))

    assert series.epochs.tolist() == [0.0, 2.0, 3604.0]


def test_what_a_logarithm_cannot_show_is_marked():
    """A loss of 0 must not vanish without a word."""
    frame = frame_of(loss=[1.0, 0.0, -2.0, 0.5])

    (series,) = curve_series(frame, "loss", view=CurveView(log=True))

    assert np.isnan(series.values[[1, 2]]).all()
    assert series.lost_values.tolist() == [0.0, -2.0]


def test_marks_keep_their_height_on_a_logarithmic_scale():
    """Crosses hang at the edge of the chart, whatever the values are."""
    renderers, figure = drawn(frame_of(loss=[1.0, np.nan, 0.5]), view=CurveView(log=True))

    share = renderers[MARKS_LABEL].y_range_name
    assert type(figure.y_scale).__name__ == "LogScale"
    assert type(figure.extra_y_scales[share]).__name__ == "LinearScale"


def test_a_split_that_is_switched_off_is_not_drawn():
    """Hidden series are neither drawn nor sent."""
    view = CurveView(splits=(Split.VALIDATION,))

    renderers, _ = drawn(frame_of(loss=[1.0, 0.5], val_loss=[1.1, 0.6]), view=view)

    assert set(renderers) == {"validation", "validation dots", MARKS_LABEL}


def test_smoothing_leaves_the_measured_line_behind_it():
    """Smoothing is a help for the eye and hides nothing."""
    frame = frame_of(loss=[1.0, 9.0, 1.0, 1.0])

    renderers, _ = drawn(frame, view=CurveView(smoothing=0.9))

    raw, calm = renderers["train"], renderers[f"train {SMOOTH_LABEL}"]
    assert raw.data_source.data["value"].tolist() == [1.0, 9.0, 1.0, 1.0]
    assert raw.glyph.line_alpha < 1.0
    assert max(calm.data_source.data["value"]) < 6.0


def tensorboard(values: list[float], weight: float) -> list[float]:
    """As in TensorBoard's source, line for line (vz_line_chart2/line-chart.ts, resmoothDataset)."""
    last, count, out = 0.0, 0, []
    for value in values:
        if not np.isfinite(value):
            out.append(np.nan)
            continue
        last = last * weight + (1 - weight) * value
        count += 1
        out.append(last / (1 - weight**count))
    return out


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
)
def test_smoothing_is_that_of_tensorboard(values, weight):
    """People bring their eyes from there."""
    ours = smoothed(np.array(values), weight)

    np.testing.assert_allclose(ours, tensorboard(values, weight), rtol=1e-6, atol=1e-6)


@given(st.integers(0, 9_999), st.sampled_from([0.0, 0.8]))
def test_a_spike_of_one_epoch_stays_in_sight(place, smoothing):
    """Whatever is thinned or smoothed: an extreme that was measured is drawn."""
    values = np.ones(10_000)
    values[place] = 77.0
    frame = pd.DataFrame(
        {
            "run_id": "r",
            "metric": "loss",
            "epoch": np.arange(10_000),
            "value": values,
            "step": 0,
            "time": BEGIN,
        }
    )

    (series,) = curve_series(frame, "loss", max_points=400, view=CurveView(smoothing=smoothing))

    assert 77.0 in series.values
    assert len(series.values) <= 400


@pytest.mark.parametrize(("axis", "at"), [(Axis.EPOCH, 1.5), (Axis.STEP, 20.0), (Axis.TIME, 4.0)])
def test_a_change_of_the_learning_rate_is_marked_where_it_took_effect(axis, at):
    """Between the last value of the old rate and the first of the new one."""
    frame = frame_of(loss=[3.0, 2.0, 1.0], elapsed_time=[2.0, 4.0, 6.0])
    change = RateChange(epoch=2, step=20, old=0.1, new=0.05, cause="<b>me</b>")

    renderers, _ = drawn(frame, view=CurveView(axis=axis), changes=[change])

    marks = renderers[CHANGES_LABEL].data_source.data
    assert marks["epoch"].tolist() == [at]
    assert list(marks["rate"]) == ["0.1 \u2192 0.05"]
