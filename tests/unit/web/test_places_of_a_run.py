"""The address says what the page of a run shows; what people and browsers make up does no harm."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.dashboard.components.elements import Deed
from apps.dashboard.inside_place import InsidePlace
from apps.dashboard.pages.run_dialogs import FieldsError, extension, fork, priority
from apps.dashboard.pages.run_graph_bar import place_after
from apps.dashboard.pages.run_head import why_it_waits
from apps.dashboard.run_place import Graph, RunPlace, Tab
from nntracker_ray.figures import Axis, CurveView, Split
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.value_scale import Scale
from nntracker_ray.records import RunState
from nntracker_ray.storage.waiting_queries import WaitingPlace

RUN = UUID(int=7)
INSIDE_KEYS = ["picture", "observed", "part", "only", "by", "values"]
KEYS = ["tab", "axis", "smooth", "hide", "epoch", "page", "layer", "graph", *INSIDE_KEYS]

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20).map(str.strip)
views = st.builds(
    CurveView,
    axis=st.sampled_from(Axis),
    log=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.25, 0.6, 0.99]),
    splits=st.lists(st.sampled_from(Split), unique=True).map(
        lambda chosen: tuple(split for split in Split if split in chosen)
    ),
)
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9)
insides = st.builds(
    InsidePlace,
    picture=st.sampled_from(Picture),
    metric=texts,
    tensor=texts,
    layers=st.lists(texts.filter(bool), unique=True, max_size=4).map(tuple),
    axis=st.sampled_from([Axis.EPOCH, Axis.STEP]),
    scale=st.sampled_from(Scale),
)
run_places = st.builds(
    RunPlace,
    run_id=st.uuids(),
    tab=st.sampled_from(Tab),
    graph=st.sampled_from(Graph),
    view=views,
    metrics=st.lists(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), unique=True, max_size=4
    ).map(tuple),
    layer=texts,
    tensor=texts,
    epoch=st.none() | st.integers(0, 10**8),
    page=st.integers(1, 10**6),
    inside=insides,
)


def read(address: str) -> RunPlace | None:
    found = parse_qs(urlsplit(address).query, keep_blank_values=True)
    return RunPlace.read({name: [value.encode() for value in values] for name, values in found.items()})


@given(run_places)
def test_an_address_leads_back_to_the_place(place: RunPlace):
    """Whoever is sent the address sees the same."""
    assert read(place.address) == place


@given(
    st.dictionaries(
        st.sampled_from(KEYS),
        st.lists(st.binary(max_size=20), max_size=3),
    )
)
def test_nonsense_in_an_address_is_left_out(words):
    """An old or broken link shows the run all the same."""
    place = RunPlace.read({"id": [str(RUN).encode()], **words})

    assert place is not None
    assert place.run_id == RUN
    assert 0 <= place.view.smoothing < 1


def test_without_a_run_there_is_no_place():
    """The page then says where to go."""
    assert read("/run?tab=graphs") is None
    assert read("/run?id=nonsense") is None


def test_switches_change_one_thing_each():
    """What one has set elsewhere stays."""
    place = RunPlace(RUN, tab=Tab.GRAPHS, metrics=("AUC",))

    place = place_after(place, Deed("axis", "time"))
    place = place_after(place, Deed("split", "test", checked=False))
    place = place_after(place, Deed("metric", "kl", checked=True))

    assert place.view == CurveView(axis=Axis.TIME, splits=(Split.TRAIN, Split.VALIDATION))
    assert place.metrics == ("AUC", "kl")


@pytest.mark.parametrize(
    "deed", [Deed("axis", "sideways"), Deed("graph", ""), Deed("split", "x"), Deed("pause", "1")]
)
def test_deeds_that_make_no_sense_lead_nowhere(deed):
    """They come from the browser, and so from anybody."""
    assert place_after(RunPlace(RUN), deed) is None


def test_a_fork_is_read_from_its_form():
    """Empty fields leave things as they are."""
    fields = {"checkpoint": ["best"], "learning_rate": ["1e-4"], "epochs": [""], "name": [" mine "]}

    assert fork(Deed("give-fork", fields=fields)) == {
        "checkpoint": "best",
        "changes": {"learning_rate": 1e-4},
        "name": "mine",
    }


@pytest.mark.parametrize(
    ("chosen", "changes"),
    [("same", {}), ("everything", {"introspection": ["everything"]}), ("nothing", {"introspection": []})],
)
def test_a_fork_is_looked_into_as_its_form_says(chosen, changes):
    """As its parent, unless something else is chosen."""
    fields = {"checkpoint": ["best"], "introspection": [chosen]}

    assert fork(Deed("give-fork", fields=fields))["changes"] == changes


@pytest.mark.parametrize("text", ["", "0", "-3", "2.5", "ten", "99999999999", "\u0665"])
def test_numbers_of_epochs_that_are_none_are_refused_beside_their_field(text):
    """The dialog stays open with what was written."""
    with pytest.raises(FieldsError) as caught:
        extension(Deed("give-extend", fields={"epochs": [text]}))

    assert caught.value.wrong.keys() == {"epochs"}


def test_a_priority_may_be_negative():
    """Later than usual is a wish too."""
    assert priority(Deed("give-prioritise", fields={"priority": ["-5"]})) == {"priority": -5}


def test_a_run_that_waits_says_for_what():
    """Nobody should have to guess whether something is broken."""
    place = WaitingPlace(3, 2, 2, 1, 1, 1.0, 0.5, None)

    said = why_it_waits(RunState.QUEUED, place)

    assert said == (
        "Waits for 1 CPU and 0.5 GPU; 3 runs of the same owner first, the experiment trains 1 at once, "
        "its owner may train 2 at once."
    )
    assert why_it_waits(RunState.RUNNING, place) == ""
