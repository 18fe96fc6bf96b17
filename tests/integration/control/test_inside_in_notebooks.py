"""The inside of a network in a notebook: frames and arrays, to the bit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import ml_dtypes
import numpy as np
import pytest

import nntracker_ray as nn
from apps.api.local_token import keep_local_token
from nntracker_ray.client import Client, Run
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, MetricArray, MetricPoint, RunFact
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.integration.storage.examples_of_records import NOON
from tests.web_examples import claim, run_specs, submit, web_server

VALUES = {("one", "kernel"): [1.0, math.nan], ("one", "bias"): [math.inf], ("two", "kernel"): [0.1, 0.2]}
EDGES = np.array([-1.0, -0.0, 5e-324])


@pytest.fixture
def client(database: Database, tmp_path) -> Iterator[Client]:
    """A platform by its address and token."""
    home = Home(tmp_path)
    with web_server(tmp_path, database.dsn) as address:
        keep_local_token(database, home)
        yield nn.connect(address, home.api_token.read_text())


@pytest.fixture
def run(client: Client, database: Database) -> Run:
    """A run of two layers that was looked into."""
    submit(database, "Observed", run_specs("Observed"))
    lease = claim(database)
    records = [
        RunFact("model_summary", {"layers": [{"name": "two"}, {"name": "one"}]}),
        RunFact("introspection", {"observed": []}),
        *(
            MetricPoint("weights/mean", epoch, epoch + 1, value, NOON, layer, tensor)
            for (layer, tensor), values in VALUES.items()
            for epoch, value in enumerate(values)
        ),
        *(
            MetricArray("weights/histogram", n, n, np.array([n, 2**60]), EDGES, NOON, "one", "kernel")
            for n in range(3)
        ),
        MetricArray(
            "weights/sketch", 0, 1, np.arange(4).astype(ml_dtypes.bfloat16), None, NOON, "one", "kernel"
        ),
    ]
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(records))])
    return client.run("Observed")


def test_what_was_observed_is_a_frame_of_series(run: Run):
    """The first thing that somebody asks who wants to draw."""
    frame = run.observed()

    assert list(zip(frame["metric"], frame["layer"], frame["tensor"], frame["kind"], strict=True)) == [
        ("weights/histogram", "one", "kernel", "histogram"),
        ("weights/mean", "two", "kernel", "scalar"),
        ("weights/mean", "one", "bias", "scalar"),
        ("weights/mean", "one", "kernel", "scalar"),
        ("weights/sketch", "one", "kernel", "array"),
    ]
    assert frame["points"].tolist() == [3, 2, 1, 2, 1]
    assert frame.attrs == {"introspection": {"observed": []}, "cost": None}


def test_curves_are_narrowed_by_name(run: Run):
    """One name or several, as the caller has them."""
    both = run.layer_curves("weights/mean", ["one", "two"], "kernel")
    late = run.layer_curves(layer="two", after_step=1)

    assert dict(zip(both["layer"], both["value"], strict=True))["two"] == 0.2
    assert both["value"].isna().sum() == 1
    assert (late["value"].tolist(), late["epoch"].tolist()) == ([0.2], [1])


def test_heat_is_layers_by_epochs_in_the_order_of_the_model(run: Run):
    """A frame that is drawn as it is."""
    frame = run.layer_heat("weights/mean", "kernel")
    of_all = run.layer_heat("weights/mean")

    assert list(frame.index) == ["two", "one"]
    assert list(frame.columns) == [0, 1]
    np.testing.assert_array_equal(frame.to_numpy(), [[0.1, 0.2], [1.0, np.nan]])
    assert list(of_all.index) == [("two", "kernel"), ("one", "bias"), ("one", "kernel")]
    assert of_all.loc[("one", "bias"), 0] == math.inf


def test_histograms_and_arrays_arrive_to_the_bit(run: Run):
    """A rounded edge would put values into another bin."""
    histograms = run.layer_arrays("weights/histogram", "one", "kernel")
    (sketch,) = run.layer_arrays("weights/sketch", "one", "kernel")

    assert [one.step for one in histograms] == [0, 1, 2]
    assert histograms[2].values.tolist() == [2, 2**60]
    assert histograms[0].edges is not None
    assert histograms[0].edges.tobytes() == EDGES.tobytes()
    assert (histograms[0].time, sketch.edges, sketch.values.dtype) == (NOON, None, ml_dtypes.bfloat16)


def test_arrays_that_are_left_out_are_told(run: Run):
    """A notebook that shows two of three histograms as all of them would lie."""
    with pytest.warns(UserWarning, match="of 3 arrays these are 2"):
        histograms = run.layer_arrays("weights/histogram", "one", "kernel", most=2)

    assert [one.step for one in histograms] == [0, 2]


def test_a_run_that_nobody_looks_into_has_empty_frames(client: Client, database: Database):
    """With their columns; and an array that is not there is told with where to look."""
    submit(database, "Plain", run_specs("Plain"))
    run = client.run("Plain")

    assert (run.observed().empty, "kind" in run.observed().columns) == (True, True)
    assert (run.layer_curves().empty, "value" in run.layer_curves().columns) == (True, True)
    assert run.layer_heat("weights/mean").shape == run.layer_heat("weights/mean", "kernel").shape == (0, 0)
    with pytest.raises(nn.NotFoundError, match="weights/histogram"):
        run.layer_arrays("weights/histogram", "dense", "kernel")


class TestPictures:
    """`plot_inside` draws what the web app draws."""

    def test_a_heat_map_has_the_values_that_were_recorded(self, run: Run):
        """NaN and infinity are marked and not drawn."""
        figure = run.plot_inside("weights/mean")

        measured = next(part for part in figure if part.label == "measured")
        cells = zip(measured["layer"], measured["at"], measured["value"], strict=True)
        assert list(cells) == [("two", 0, 0.1), ("two", 1, 0.2), ("one / kernel", 0, 1.0)]
        lost = next(part for part in figure if part.label == "not finite")
        assert sorted(lost["layer"]) == ["one / bias", "one / kernel"]

    def test_every_kind_is_drawn(self, run: Run):
        """Of what fits it, without naming a metric."""
        import holoviews as hv

        for kind in ("heat", "lines", "histogram"):
            assert hv.render(run.plot_inside(kind=kind)) is not None
        assert (
            hv.render(run.plot_inside("weights/mean", "lines", "two", axis="step", scale="log")) is not None
        )

    @pytest.mark.parametrize(
        ("asked", "error"),
        [
            ({"kind": "pie"}, nn.BadInputError), ({"axis": "time"}, nn.BadInputError),
            ({"scale": "root"}, nn.BadInputError), ({"kind": "similarity"}, nn.NotFoundError),
            ({"metric": "weights/none"}, nn.NotFoundError), ({"layer": "gone"}, nn.NotFoundError),
        ],
        ids=["kind", "axis", "scale", "nothing of the kind", "metric", "layer"],
    )  # fmt: skip
    def test_what_cannot_be_drawn_is_said(self, run: Run, asked, error):
        """With what there is to choose from."""
        with pytest.raises(error):
            run.plot_inside(**asked)
