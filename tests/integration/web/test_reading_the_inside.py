"""What the tab Inside reads: everything once, then what is new, and anew when the run has begun anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from apps.dashboard.inside_place import InsidePlace
from apps.dashboard.inside_store import InsideStore
from apps.dashboard.pages.inside_figures import chart_of, figures_of, series_of
from apps.dashboard.pages.inside_shown import Shown, shown_of
from apps.dashboard.pages.run_inside_view import Inside
from apps.dashboard.pages.run_reader import RunReader
from apps.dashboard.run_place import RunPlace, Tab
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.records import Lease, MetricPoint
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.metric_array_queries import StoredArrays
from tests.inside_examples import AT, LAYERS, WANTED, everything, numbers, spreads, write_inside
from tests.web_examples import claim, run_specs, submit, train

VIEW = RunPlace


@pytest.fixture
def looked(database: Database) -> tuple[Lease, RunReader, InsideStore]:
    """A run with four epochs of looks, a page's reader and store."""
    owner_id = submit(
        database, "Digits", [replace(spec, introspection=WANTED) for spec in run_specs("Digits")]
    )
    lease = claim(database)
    train(database, lease, range(4))
    write_inside(database, lease, everything(range(4)))
    reader = RunReader(database, owner_id, may_act=True)
    return lease, reader, InsideStore(database, owner_id, lease.run_id)


def inside_of(reader: RunReader, lease: Lease) -> Inside:
    found = reader.read(RunPlace(lease.run_id, tab=Tab.INSIDE))
    assert found is not None
    assert found.inside is not None
    return found.inside


def shown(inside: Inside, **place: Any) -> Shown:
    found = shown_of(InsidePlace(**place), inside.series)
    assert found is not None
    return found


def test_the_page_knows_what_there_is(looked):
    """Series in the order of the model, what was submitted, and the facts."""
    lease, reader, _ = looked

    inside = inside_of(reader, lease)

    of_mean = [one.layer for one in inside.series if one.metric == "weights/mean"]
    assert of_mean == list(LAYERS)
    assert inside.wanted == WANTED
    assert inside.facts["introspection_cost"]["share"] == 0.0231
    assert reader.read(RunPlace(lease.run_id)).inside is None


def test_numbers_come_as_they_were_written(looked):
    """All of one metric, none of another."""
    lease, reader, store = looked
    one = shown(inside_of(reader, lease), metric="weight_gradients/norm")

    found = series_of(one, store.read(one, 1))

    written = [p for p in numbers(range(4)) if isinstance(p, MetricPoint) and p.metric == one.metric]
    drawn = {
        (s.layer, step): value
        for s in found
        for step, value in zip(s.steps.tolist(), s.values.tolist(), strict=True)
    }
    assert drawn == {(point.layer, point.step): point.value for point in written}
    assert [s.layer for s in found] == list(LAYERS)


def test_only_what_is_new_is_read_and_nothing_is_missing(looked, database: Database, monkeypatch):
    """Of the newest step some layers come earlier than others: it is asked for again."""
    lease, reader, store = looked
    one = shown(inside_of(reader, lease), metric="weights/mean")
    store.read(one, 1)
    last = one.series[0].last_step
    asked: list[int] = []
    whole = queries.layer_curves
    monkeypatch.setattr(
        queries,
        "layer_curves",
        lambda *given, **more: asked.append(more["after_step"]) or whole(*given, **more),
    )

    write_inside(database, lease, list(numbers(range(4, 6))))
    grown = shown(inside_of(reader, lease), metric="weights/mean")
    columns = store.read(grown, 1)

    assert asked == [last - 1]
    assert len(columns["step"]) == 6 * 3 * len(LAYERS) == sum(each.points for each in grown.series)
    assert len(set(zip(columns["layer"], columns["step"], strict=True))) == len(columns["step"])


def test_what_came_late_is_not_missed(looked, database: Database):
    """A point of an earlier step than the newest one: then all is read anew."""
    lease, reader, store = looked
    store.read(shown(inside_of(reader, lease), metric="weights/mean"), 1)

    write_inside(database, lease, [MetricPoint("weights/mean", 0, 1, 5.0, AT, LAYERS[0], "kernel")])
    one = shown(inside_of(reader, lease), metric="weights/mean")

    assert 5.0 in np.asarray(store.read(one, 1)["value"]).tolist()


def test_another_attempt_is_read_anew(looked, database: Database):
    """What the attempt before had looked at may be gone."""
    lease, reader, store = looked
    one = shown(inside_of(reader, lease), metric="weights/mean")
    before = store.read(one, 1)

    after = store.read(one, 2)

    assert len(after["step"]) == len(before["step"])
    assert after is not before


def test_histograms_are_added_to_those_that_are_known(looked, database: Database):
    """Each with its own bins, by step."""
    lease, reader, store = looked
    place = {"picture": Picture.HISTOGRAM, "layers": ("hidden",)}
    first = store.read(shown(inside_of(reader, lease), **place), 1)
    write_inside(database, lease, list(spreads(range(4, 7))))

    found = store.read(shown(inside_of(reader, lease), **place), 1)

    assert isinstance(first, StoredArrays)
    assert isinstance(found, StoredArrays)
    assert (first.points, found.points) == (4, 7)
    assert found.arrays[:4] == first.arrays
    assert [one.epoch for one in found.arrays] == list(range(7))


@pytest.mark.parametrize("picture", [*Picture])
def test_every_picture_is_drawn_of_what_is_stored(looked, picture):
    """From the rows of the database to an object that Bokeh takes."""
    import holoviews as hv

    lease, reader, store = looked
    one = shown(inside_of(reader, lease), picture=picture)

    found = store.read(one, 1)

    if picture in (Picture.LINES, Picture.RATIO):
        assert isinstance(found, dict)
        names = {line.name for line in chart_of(one, found).lines if line.has_legend}
        assert names == set(LAYERS)
    else:
        assert all(hv.render(figure.make()) for figure in figures_of(one, found))
