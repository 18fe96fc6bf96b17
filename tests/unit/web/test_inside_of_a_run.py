"""The tab Inside: what it offers, what it draws, and what it says where there is nothing to draw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboard.components.elements import Deed
from apps.dashboard.inside_place import InsidePlace
from apps.dashboard.pages.inside_shown import Shown, offered_metrics, shown_of
from apps.dashboard.pages.inside_words import METRICS, about_metric, authors_words
from apps.dashboard.pages.run_inside_bar import DEEDS, inside_bar, place_after
from apps.dashboard.pages.run_inside_view import Inside, first_look, notes_view, nothing_view
from apps.dashboard.run_place import RunPlace, Tab
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.value_scale import Scale
from nntracker_ray.figures.views import Axis
from nntracker_ray.introspection.catalog import Catalog, MetricInfo, known_metrics
from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.records import Observed, RunState
from nntracker_ray.storage.layer_queries import ObservedSeries, SeriesKind

RUN, EXPERIMENT = UUID(int=7), UUID(int=8)
EVIL = "<img src=x onerror=alert(1)>"


class Oddness(Subscriber):
    """How odd it is.

    More of it.
    """


def series(
    metric: str, layer: str = "dense", tensor: str = "kernel", kind: str = "scalar", points: int = 3
) -> ObservedSeries:
    return ObservedSeries(metric, layer, tensor, SeriesKind(kind), points, 0, 2, 10, 30)


ALL = (
    series("gradients/noise_scale", "", ""),
    series("probe_activations/svcca", "conv", "", "array"),
    series("probe_activations/svcca", "dense", "", "array"),
    series("weight_updates/update_ratio", "conv"),
    series("weight_updates/update_ratio", "dense"),
    series("weights/histogram", "conv", "kernel", "histogram"),
    series("weights/histogram", "dense", "kernel", "histogram"),
    series("weights/histogram", "dense", "recurrent", "histogram"),
    series("weights/mean", "conv"),
    series("weights/mean", "dense"),
    series("weights/mean", "dense", "recurrent"),
)


def inside(**changes: Any) -> Inside:
    return Inside(**({"experiment_id": EXPERIMENT, "attempt": 1, "state": RunState.RUNNING} | changes))


def shown(**place: Any) -> Shown:
    found = shown_of(InsidePlace(**place), ALL)
    assert found is not None
    return found


def said(tree: Any) -> str:
    """All texts of a tree, and nothing of its attributes."""
    return tree if isinstance(tree, str) else " ".join(map(said, tree[2]))


class TestWhatIsShown:
    def test_each_picture_offers_what_it_can_show(self):
        """A histogram is no line, and a row of similarities no colour."""
        offered = {picture: offered_metrics(picture, ALL) for picture in Picture}

        assert offered[Picture.HEAT] == offered[Picture.LINES]
        assert offered == {
            Picture.HEAT: ("weight_updates/update_ratio", "weights/mean", "gradients/noise_scale"),
            Picture.LINES: ("weight_updates/update_ratio", "weights/mean", "gradients/noise_scale"),
            Picture.RATIO: ("weight_updates/update_ratio",),
            Picture.HISTOGRAM: ("weights/histogram",),
            Picture.SIMILARITY: ("probe_activations/svcca",),
        }

    def test_a_picture_of_one_array_takes_the_first(self):
        """In the order of the model."""
        one = shown(picture=Picture.HISTOGRAM)

        assert (one.layers, one.tensor, len(one.series), one.name) == (
            ("conv",),
            "kernel",
            1,
            "conv / kernel",
        )

    def test_a_layer_has_tensors_of_its_own(self):
        """The tensor that one looked at may be none of the next layer's."""
        assert shown(picture=Picture.HISTOGRAM, layers=("dense",), tensor="recurrent").tensor == "recurrent"
        assert shown(picture=Picture.HISTOGRAM, layers=("conv",), tensor="recurrent").tensor == "kernel"

    def test_all_layers_and_tensors_unless_some_are_chosen(self):
        """What is chosen is a wish; what is not there is left out."""
        assert len(shown(metric="weights/mean").series) == 3
        assert len(shown(metric="weights/mean", tensor="kernel").series) == 2
        assert [one.layer for one in shown(metric="weights/mean", layers=("gone", "conv")).series] == ["conv"]
        assert len(shown(metric="weights/mean", layers=("gone",)).series) == 3

    def test_new_looks_make_it_another_picture_of_the_same(self):
        """That is how the page knows that there is something to read, and that the rest stays."""
        before = shown(metric="weights/mean")
        grown = [series(one.metric, one.layer, one.tensor, one.kind, 4) for one in ALL]
        after = shown_of(InsidePlace(metric="weights/mean"), grown)

        assert after is not None
        assert before != after
        assert before.subject == after.subject

    @given(
        st.lists(st.builds(series, st.sampled_from(["a/mean", "b/svcca", "c/ratio", "d"]), st.text(max_size=3),
                           st.text(max_size=3), st.sampled_from([*SeriesKind]))),
        st.builds(InsidePlace, st.sampled_from(Picture), st.text(max_size=8), st.text(max_size=3),
                  st.lists(st.text(max_size=3), max_size=3).map(tuple), st.sampled_from([Axis.EPOCH, Axis.STEP]),
                  st.sampled_from(Scale)),
    )  # fmt: skip
    def test_whatever_there_is_a_picture_has_something_to_draw_or_is_none(self, found, place):
        """No place that a link says, and no run, breaks the page."""
        one = shown_of(place, found)

        tree = inside_bar(place, one, found)
        assert one is None or (len(one.series) > 0 and len({each.metric for each in one.series}) == 1)
        assert (
            one is None or not place.picture.is_of_one or len({(s.layer, s.tensor) for s in one.series}) == 1
        )
        assert tree[0] == "div"


class TestTheBar:
    def test_it_leads_from_place_to_place(self):
        """Every control changes one thing, and the address says it."""
        place = RunPlace(RUN, tab=Tab.INSIDE)
        deeds = (
            Deed("inside-picture", "lines"), Deed("inside-metric", "weights/mean"), Deed("inside-tensor", "kernel"),
            Deed("inside-layer", "conv", checked=True), Deed("inside-layer", "dense", checked=True),
            Deed("inside-layer", "conv", checked=False), Deed("inside-axis", "step"), Deed("inside-scale", "log"),
        )  # fmt: skip

        for deed in deeds:
            after = place_after(place, deed)
            assert after is not None
            place = after

        assert place.inside == InsidePlace(
            Picture.LINES, "weights/mean", "kernel", ("dense",), Axis.STEP, Scale.LOG
        )
        assert place.address == (
            f"/run?id={RUN}&tab=inside&picture=lines&observed=weights%2Fmean&part=kernel&only=dense&by=step&values=log"
        )

    def test_another_picture_of_other_numbers_begins_with_its_first_metric(self):
        """A histogram has no place among lines; heat map and lines show the same numbers."""
        place = RunPlace(RUN, inside=InsidePlace(metric="weights/mean"))

        kept, anew = (place_after(place, Deed("inside-picture", word)) for word in ("lines", "histogram"))

        assert kept is not None
        assert anew is not None
        assert (kept.inside.metric, anew.inside.metric) == ("weights/mean", "")

    @pytest.mark.parametrize("act", [*DEEDS])
    @pytest.mark.parametrize(
        "value", ["", "sideways", "time", EVIL, "x" * 5000], ids=["", "odd", "time", "evil", "long"]
    )
    def test_browsers_may_say_anything(self, act, value):
        """Nothing they say is taken for more than a name, or breaks the page."""
        after = place_after(RunPlace(RUN), Deed(act, value, checked=True))

        assert after is None or len(after.address) < 1000
        if after is not None:
            inside_bar(after.inside, shown_of(after.inside, ALL), ALL)

    def test_names_are_text(self):
        """A layer may be called like markup."""
        found = [series("weights/mean", EVIL), series("weights/mean", "b")]

        tree = inside_bar(InsidePlace(), shown_of(InsidePlace(), found), found)

        assert EVIL in said(tree)
        assert "img" not in repr(tree).split("'")

    def test_scales_are_offered_where_they_matter(self):
        """A ratio is always seen by its logarithm."""
        assert "Linear" in said(inside_bar(InsidePlace(), shown(), ALL))
        ratio = InsidePlace(Picture.RATIO)
        assert "Linear" not in said(inside_bar(ratio, shown_of(ratio, ALL), ALL))


class TestWhatItSays:
    def test_what_looking_costs(self):
        """Measured beside what was promised."""
        facts = {
            "introspection_cost": {"share": 0.0234, "estimated_share": 0.03, "by_metric": {"svcca": 1.5}}
        }

        words = said(notes_view(inside(facts=facts)))

        assert "Looking inside takes 2.3 % of the training time (estimated 3 %)." in words
        assert "svcca 1.50 s" in words

    @pytest.mark.parametrize(
        ("cost", "words"),
        [
            ({"estimated_share": 0.004}, "Looking inside is estimated 0.4 % of the training time."),
            ({"share": 1.5}, "Looking inside takes 150 % of the training time."),
            ({"share": float("nan")}, ""),
            ({"share": "much", "by_metric": 3}, ""),
            (None, ""),
            ([1], ""),
        ],
        ids=["only estimated", "more than training", "nan", "words", "none", "list"],
    )
    def test_partial_facts_are_told_as_far_as_they_go(self, cost, words):
        """A training may have told half of it, or a plug-in nonsense."""
        assert said(notes_view(inside(facts={"introspection_cost": cost}))).strip() == words

    def test_a_suspended_metric_is_told_with_reason_and_step(self):
        """Its line ends: nobody should have to guess why."""
        told = {
            "suspended": [{"metric": "svcca", "why": EVIL, "step": 1200}, "nonsense", {}],
            "ignored": ["hessian"],
        }

        words = said(notes_view(inside(facts={"introspection": told})))

        assert f"svcca  is suspended since step 1,200: {EVIL}" in words
        assert "Not looked at: hessian" in words

    def test_a_run_without_introspection_says_what_to_write(self):
        """Three lines, and the way to a run that has them."""
        tree = nothing_view(inside(), Picture.HEAT)

        assert "introspection:\n  - basic\n" in said(tree)
        assert f"/new?from={EXPERIMENT}" in repr(tree)

    def test_a_run_that_has_not_been_looked_at_says_when_it_will(self):
        """Waiting is easier with an end."""
        of_epochs = Observed("svcca", every=None, every_epochs=2)
        wanted = (Observed("mean", every=200), of_epochs)

        assert "comes at the first step;" in first_look(wanted, RunState.RUNNING)
        assert "comes at the end of epoch 0;" in first_look((of_epochs,), RunState.RUNNING)
        assert "ended before" in first_look(wanted, RunState.FAILED)
        assert "Not looked inside yet" in said(nothing_view(inside(wanted=wanted), Picture.HEAT))

    @pytest.mark.parametrize("picture", [*Picture])
    def test_a_picture_that_needs_another_metric_says_which(self, picture):
        """The run has other things; the line for this one is shown."""
        words = said(nothing_view(inside(series=ALL), picture))

        assert "introspection:\n  - {metric: " in words

    def test_metrics_are_explained(self):
        """By what they are and what they are of; of a plug-in's nothing is made up."""
        assert about_metric("weights/mean") == "Mean of the values, of the weights before the step's update."
        assert about_metric("weights/norm_over_layers").endswith(", mean over the layers.")
        assert about_metric("hessian/eigenvalue_2").startswith("A great curvature")
        assert about_metric("somebody/else") == ""
        assert about_metric("somebody/else", "How odd it is") == "How odd it is."
        assert all(about_metric(f"weights/{key}") for key in METRICS)

    @pytest.mark.parametrize(
        ("metric", "said_of_it"),
        [
            ("weights/odd", "How odd it is. Of the weights before the step's update."),
            (
                "weights/odd_over_layers",
                "How odd it is. Of the weights before the step's update, mean over the layers.",
            ),
            ("hand/made", "How odd it is."),
            ("weights/mean", "Mean of the values, of the weights before the step's update."),
            ("weights/another", "Of the weights before the step's update."),
        ],
        ids=["tensor", "over-layers", "own-name", "ours", "anothers"],
    )
    def test_a_plug_ins_metric_is_explained_by_its_author(self, metric, said_of_it):
        """By the first line of its docstring; who records it is told by the run."""
        catalog = Catalog({"oddness": MetricInfo("oddness", Oddness, "somebodys"), **known_metrics().metrics})
        told = {
            "introspection": {
                "observed": [
                    "odd",
                    {"metric": "moments", "results": ["weights/mean"]},
                    {"metric": "not_here", "results": ["weights/another"]},
                    {"metric": "oddness", "results": ["hand/made", "weights/odd"]},
                ]
            }
        }

        summary = authors_words(metric, inside(facts=told).observed, catalog)

        found = [series(metric)]
        assert said_of_it in said(
            inside_bar(InsidePlace(), shown_of(InsidePlace(), found), found, summary=summary)
        )
