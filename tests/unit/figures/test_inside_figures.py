"""Pictures of the inside of a run: what is drawn is what was measured, and what could not be measured is seen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import holoviews as hv
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.figures.inside_heat import layer_heat_map
from nntracker_ray.figures.inside_histograms import histogram_density, histogram_ridges
from nntracker_ray.figures.inside_lines import (
    RATIO_TARGET,
    layer_lines,
    lines_chart,
    ratio_chart,
    update_ratios,
)
from nntracker_ray.figures.inside_numbers import cells_of, layer_series
from nntracker_ray.figures.inside_similarity import similarity_matrix, similarity_of
from nntracker_ray.figures.inside_spread import MOST_RIDGES, ridges_of, spread_of
from nntracker_ray.figures.palette import depth_colors
from nntracker_ray.figures.value_scale import Scale, scale_for
from nntracker_ray.figures.views import Axis
from nntracker_ray.records import MetricArray

AT = datetime(2026, 3, 1, tzinfo=UTC)
NAN = float("nan")
FINITE = st.floats(-1e300, 1e300, allow_subnormal=False)


def frame(
    *points: tuple[str, int, int, float], metric: str = "weights/mean", tensor: str = "kernel"
) -> dict[str, Any]:
    """Of (layer, epoch, step, value)."""
    layers, epochs, steps, values = zip(*points, strict=True) if points else ((), (), (), ())
    count = len(points)
    return {
        "metric": [metric] * count, "layer": list(layers), "tensor": [tensor] * count, "epoch": list(epochs),
        "step": list(steps), "value": list(values),
    }  # fmt: skip


def histogram(step: int, counts: list[int], edges: list[float]) -> MetricArray:
    return MetricArray(
        "weights/histogram",
        step // 10,
        step,
        np.array(counts, np.int64),
        np.array(edges),
        AT,
        "dense",
        "kernel",
    )


def likeness(step: int, earlier: dict[int, float], epoch: int = 0) -> MetricArray:
    values = np.array([[*earlier], [*earlier.values()]], np.float64)
    return MetricArray("probe_activations/svcca", epoch, step, values, None, AT, "dense")


def elements(figure: hv.Overlay, label: str) -> dict[str, Any]:
    (found,) = (element for element in figure if element.label == label)
    return {name: found.dimension_values(name).tolist() for name in map(str, found.dimensions())}


class TestHeatMap:
    def test_each_cell_has_the_value_of_its_layer_and_epoch(self):
        """A colour that stands for another number is a lie that nobody sees."""
        drawn = elements(
            layer_heat_map(
                frame(("first", 0, 10, 0.5), ("first", 1, 20, -0.25), ("last", 1, 20, 3.0)),
                "weights/mean", order=("first", "last"),
            ),
            "measured",
        )  # fmt: skip

        cells = zip(drawn["layer"], drawn["at"], drawn["value"], drawn["y0"], strict=True)
        assert sorted(cells) == [("first", 0, 0.5, 0.0), ("first", 1, -0.25, 0.0), ("last", 1, 3.0, 1.0)]

    def test_layers_stand_as_the_model_has_them(self):
        """Gradients vanish along the model, not along the alphabet."""
        series = layer_series(
            frame(("a", 0, 1, 1.0), ("z", 0, 1, 1.0), ("m", 0, 1, 1.0), ("b", 0, 1, 1.0)),
            "weights/mean", order=("z", "a", "m"),
        )  # fmt: skip

        assert [one.layer for one in series] == ["z", "a", "m", "b"]

    @pytest.mark.parametrize("lost", [NAN, float("inf"), -float("inf")], ids=str)
    def test_a_cell_with_a_lost_value_is_marked(self, lost):
        """The first NaN is what one looks for: a later finite look of its epoch must not hide it."""
        figure = layer_heat_map(
            frame(("dense", 0, 1, 1.0), ("dense", 1, 2, lost), ("dense", 1, 3, 2.0)), "weights/mean"
        )

        marked = elements(figure, "not finite")
        assert (marked["layer"], marked["at"], marked["was"]) == (["dense"], [1], ["1 of 2"])
        assert elements(figure, "measured")["at"] == [0]
        assert hv.render(figure).legend[0].items[0].label.value == "not finite"

    def test_nothing_measured_is_no_mark(self):
        """A layer that was not looked at is not a layer that diverged."""
        cells = cells_of(layer_series(frame(("a", 0, 1, 1.0), ("b", 1, 2, 1.0)), "weights/mean"), Axis.EPOCH)

        assert cells.looks.tolist() == [[1, 0], [0, 1]]
        assert not cells.lost.any()

    def test_a_cell_shows_its_newest_look_and_tells_of_all(self):
        """Ten looks an epoch are one colour; the pointer tells their range."""
        points = [("a", 0, 1, 5.0), ("a", 0, 3, 2.0), ("a", 0, 2, 9.0)]

        cells = cells_of(layer_series(frame(*points), "weights/mean"), Axis.EPOCH)

        assert (cells.value.item(), cells.low.item(), cells.high.item(), cells.looks.item()) == (
            2.0,
            2.0,
            9.0,
            3,
        )

    @given(
        st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60), FINITE), min_size=1, max_size=80),
        st.integers(1, 9),
    )
    def test_extremes_survive_any_grouping(self, given_points, most):
        """However many looks there are, the greatest and the least of a layer are in its row."""
        points = [
            (layer, step // 7, step * 100 + place, value)
            for place, (layer, step, value) in enumerate(given_points)
        ]
        series = layer_series(frame(*points), "weights/mean")

        cells = cells_of(series, Axis.STEP, most_columns=most)

        assert cells.value.shape[1] <= most
        assert np.isfinite(cells.edges).all()
        assert len(cells.edges) == cells.value.shape[1] + 1
        for row, one in enumerate(series):
            assert np.nanmin(cells.low[row]) == one.values.min()
            assert np.nanmax(cells.high[row]) == one.values.max()
            assert cells.looks[row].sum() == len(one.values)
            assert cells.value[row][cells.looks[row] > 0][-1] == one.values[-1]

    def test_a_name_that_is_html_stays_a_name(self):
        """Layers are called what their authors like."""
        evil = "<img src=x onerror=alert(1)>"
        drawn = elements(layer_heat_map(frame((evil, 0, 1, 1.0)), "weights/mean"), "measured")

        assert drawn["layer"] == [evil]


class TestScales:
    def test_decades_are_seen_by_their_logarithm(self):
        """A linear colour would show the last layer alone."""
        scale = scale_for([1e-7, 1e-5, 1e-2])

        assert scale.is_log
        assert scale.shades([1e-7, 1e-2]).tolist() == pytest.approx([-7.0, -2.0])
        assert ("0.001", True) in [(word, at == pytest.approx(-3)) for at, word in scale.ticks]

    def test_signs_meet_in_the_middle(self):
        """Zero has the colour of the paper, and both signs the same room."""
        scale = scale_for([-1.0, -1e-4, 1e-4, 0.001, 0.1])

        low, high = scale.limits
        assert low == -high
        assert scale.shades([0.0]).item() == 0.0
        assert scale.shades([-0.1]).item() == -scale.shades([0.1]).item()

    def test_what_lies_close_together_stays_linear(self):
        """A logarithm where there is nothing to spread misleads."""
        assert not scale_for([0.5, 0.7, 1.2]).is_log
        assert scale_for([0.5, 0.7, 1.2], Scale.LOG).is_log
        assert not scale_for([1e-7, 1.0], Scale.LINEAR).is_log

    @given(st.lists(FINITE | st.just(NAN) | st.just(float("inf")), max_size=30), st.sampled_from(Scale))
    def test_any_numbers_have_a_scale(self, values, wanted):
        """All zeros, a single one, none at all: a chart must come of it, and order must stay."""
        scale = scale_for(values, wanted)

        finite = np.sort(np.array([value for value in values if np.isfinite(value)]))
        shades = scale.shades(finite)
        low, high = scale.limits
        assert low < high
        assert np.isfinite([low, high]).all() or np.abs(finite).max() > 1e299
        assert (np.diff(shades) >= 0).all()
        assert all(np.isfinite(at) for at, _ in scale.ticks)


class TestLines:
    def test_a_planted_spike_survives_thinning(self):
        """One bad step of fifty thousand is the one that matters."""
        values = np.sin(np.arange(50_000) / 100.0)
        values[31_337] = 77.0
        points = [("dense", step // 1000, step, value) for step, value in enumerate(values.tolist())]

        chart = lines_chart(layer_series(frame(*points), "weights/mean"), "mean", axis=Axis.STEP)

        (line,) = chart.lines
        assert len(line.x) < 10_000
        assert (line.x[line.y.argmax()], line.y.max()) == (31_337.0, 77.0)

    def test_by_epoch_a_band_shows_what_the_line_leaves_out(self):
        """Several looks an epoch: the newest is the line, the range is beside it."""
        points = [("dense", 0, 1, 5.0), ("dense", 0, 2, 1.0), ("dense", 0, 3, 2.0), ("dense", 1, 4, 3.0)]

        chart = lines_chart(layer_series(frame(*points), "weights/mean"), "mean", axis=Axis.EPOCH)

        assert chart.lines[0].y.tolist() == [2.0, 3.0]
        (band,) = chart.bands
        assert (band.low.tolist(), band.high.tolist()) == ([1.0, 3.0], [5.0, 3.0])

    def test_a_lost_value_is_a_gap_and_a_cross(self):
        """As everywhere in the house."""
        chart = lines_chart(
            layer_series(frame(("dense", 0, 1, 1.0), ("dense", 1, 2, NAN), ("dense", 2, 3, 1.0)), "weights/mean"),
            "mean", axis=Axis.EPOCH,
        )  # fmt: skip

        (line,) = chart.lines
        assert np.isnan(line.y).tolist() == [False, True, False]
        assert (line.lost_x.tolist(), line.lost_was) == ([1.0], ("nan",))

    def test_ratios_stand_by_their_logarithm_in_front_of_their_target(self):
        """1e-3 is healthy: the band is where one looks first."""
        series = layer_series(frame(("a", 0, 1, 0.01), ("a", 1, 2, 0.001)), "weights/mean")

        chart = ratio_chart(series, axis=Axis.EPOCH)

        assert chart.log
        assert (chart.bands[0].low[0], chart.bands[0].high[0]) == RATIO_TARGET == (10**-3.5, 10**-2.5)
        assert [line.y.tolist() for line in chart.lines if line.name == "a"] == [[0.01, 0.001]]

    def test_long_lines_on_a_page_have_colours_that_browsers_take(self):
        """Without dots the column of their colours was one of floats, and the browser drew nothing at all."""
        from nntracker_ray.figures.drawing import DOTS, drawn

        points = [("dense", 0, step, float(step)) for step in range(1, 200)]
        figure = hv.render(
            drawn(
                lines_chart(layer_series(frame(*points), "weights/mean"), "m", axis=Axis.STEP), on_page=True
            )
        )

        (dots,) = (renderer for renderer in figure.renderers if renderer.name == DOTS)
        assert dots.data_source.data["color"] == []

    @pytest.mark.parametrize("count", [1, 2, 6, 7, 40])
    def test_each_layer_has_a_colour_of_its_own(self, count):
        """From the first to the last they change by little steps."""
        colors = depth_colors(count)

        assert len(set(colors)) == count
        assert all(len(color) == 7 for color in colors)


class TestHistograms:
    def test_ridges_have_the_densities_of_their_own_bins(self):
        """Bins differ from look to look: a count over a wide bin is not a high ridge."""
        (ridge,), count = ridges_of([histogram(10, [4, 4], [0.0, 1.0, 5.0])])

        assert count == 1
        assert ridge.values.tolist() == [0.0, 0.5, 3.0, 5.0]
        assert ridge.heights.tolist() == [0.0, 1.0, 0.25, 0.0]

    def test_bins_of_next_to_no_width_make_no_infinite_ridge(self):
        """The least float there is may be an edge."""
        (ridge,), _ = ridges_of([histogram(10, [4, 4], [-1.0, -0.0, 5e-324])])

        assert np.isfinite(ridge.heights).all()
        assert ridge.heights.max() == 1.0

    def test_the_first_and_the_last_of_many_are_drawn_and_the_title_says_how_many(self):
        """No sampling that one does not know of."""
        looks = [histogram(step, [1, 2], [0.0, 1.0, 2.0]) for step in range(10, 1010, 10)]

        ridges, count = ridges_of(looks)
        title = hv.render(histogram_ridges(looks, name="dense / kernel")).title.text

        assert (len(ridges), count, ridges[0].step, ridges[-1].step) == (MOST_RIDGES, 100, 10, 1000)
        assert f"{MOST_RIDGES} of 100 looks" in title

    @given(
        st.lists(
            st.tuples(
                st.lists(st.integers(0, 10**6), min_size=1, max_size=9),
                st.floats(-1e3, 1e3),
                st.floats(1e-3, 1e3),
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_no_count_is_lost_in_common_bins(self, given_looks):
        """Each column's shares are those of its looks: all of their values, no more."""
        looks = [
            histogram(place * 10, counts, np.linspace(low, low + width, len(counts) + 1).tolist())
            for place, (counts, low, width) in enumerate(given_looks)
        ]

        found = spread_of(looks, Axis.STEP)

        for row, look in zip(found.shares, looks, strict=True):
            assert row.sum() == pytest.approx(1.0 if look.values.sum() else 0.0)
            assert (row >= -1e-12).all()

    def test_a_spike_stays_where_it_was(self):
        """All values of one bin go to the bins that it covers, and nowhere else."""
        found = spread_of([histogram(1, [8], [0.0, 1.0]), histogram(2, [8], [-3.0, 5.0])], Axis.STEP, bins=8)

        assert found.value_edges.tolist() == list(range(-3, 6))
        assert found.shares[0].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
        assert found.shares[1].tolist() == [0.125] * 8

    def test_an_array_of_one_value_has_a_place(self):
        """New biases are all zero; their bins may have no width."""
        found = spread_of([histogram(1, [5], [0.0, 0.0]), histogram(2, [5], [-1.0, 1.0])], Axis.STEP)

        assert found.shares.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])

    def test_many_looks_are_put_together_and_none_left_out(self):
        """A column of four looks has the values of all four."""
        looks = [histogram(step, [1, 0] if step % 2 else [0, 1], [0.0, 1.0, 2.0]) for step in range(1, 9)]

        found = spread_of(looks, Axis.STEP, columns=2, bins=2)

        assert found.shares.tolist() == [[0.5, 0.5], [0.5, 0.5]]
        assert found.places.tolist() == [4, 8]


class TestSimilarity:
    def test_the_matrix_is_symmetric_with_ones_between_equals(self):
        """Row 0 has the steps of earlier looks, row 1 the similarity with each."""
        found = similarity_of([likeness(20, {10: 0.5}), likeness(30, {10: 0.25, 20: 0.75})])

        assert found.steps.tolist() == [10, 20, 30]
        assert found.values.tolist() == [[1.0, 0.5, 0.25], [0.5, 1.0, 0.75], [0.25, 0.75, 1.0]]

    def test_what_was_not_compared_is_a_hole_and_what_failed_a_mark(self):
        """A look that is forgotten is not one that differs."""
        found = similarity_of([likeness(20, {10: NAN}), likeness(30, {20: 0.5})])

        assert np.isnan(found.values[0, 2])
        assert found.lost.tolist() == [[False, True, False], [True, False, False], [False, False, False]]

    def test_what_is_drawn_is_the_matrix(self):
        """Cell by cell."""
        drawn = elements(similarity_matrix([likeness(20, {10: 0.5})], name="dense"), "compared")

        cells = zip(drawn["one"], drawn["other"], drawn["similarity"], strict=True)
        assert sorted(cells) == [(10, 10, 1.0), (10, 20, 0.5), (20, 10, 0.5), (20, 20, 1.0)]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: layer_heat_map(frame(), "m"),
        lambda: layer_lines(frame(), "m"),
        lambda: update_ratios(frame()),
        lambda: histogram_ridges([], name="dense"),
        lambda: histogram_density([], name="dense"),
        lambda: similarity_matrix([], name="dense"),
        lambda: layer_heat_map(frame(("a", 0, 1, NAN)), "weights/mean"),
        lambda: layer_lines(frame(("a", 0, 1, NAN)), "weights/mean"),
        lambda: update_ratios(frame(("a", 0, 1, 0.0)), "weights/mean"),
        lambda: histogram_density([histogram(1, [0], [0.0, 1.0])], name="dense"),
        lambda: histogram_ridges([histogram(1, [0], [0.0, 1.0])], name="dense"),
    ],
    ids=[
        "no heat", "no lines", "no ratios", "no ridges", "no density", "no similarity", "only nan", "line of nan",
        "ratio of zero", "empty density", "empty ridge",
    ],
)  # fmt: skip
def test_next_to_nothing_is_a_figure_too(draw):
    """A run that has just begun gets a calm word, not a traceback."""
    assert hv.render(draw()) is not None
