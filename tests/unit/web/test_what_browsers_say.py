"""What addresses and browsers say is read with care: nonsense leads nowhere, and breaks nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from apps.dashboard.components.elements import Deed
from apps.dashboard.given import typed, uuid_of
from apps.dashboard.pages.run_verbs import VERBS
from apps.dashboard.pages.runs_bars import selection_bar
from apps.dashboard.pages.runs_page import place_after
from apps.dashboard.pages.runs_table import IN_MENU
from apps.dashboard.people_place import PeoplePlace
from apps.dashboard.runs_place import RunsPlace
from nntracker_ray.commands import Verb
from nntracker_ray.records import RunState
from nntracker_ray.run_lists import RunOrder


@pytest.mark.parametrize("place", [RunsPlace, PeoplePlace])
def test_a_text_that_no_database_holds_is_made_one(place):
    """A page at such an address would wait for its rows for ever."""
    assert place.read({"q": [b"a\0b"]}).search == "ab"
    assert typed("half \ud800") == "half ?"
    assert uuid_of("a\0") is None


@pytest.mark.parametrize(
    "deed",
    [
        Deed("sort", "no such column"),
        Deed("order", "-nothing"),
        Deed("state", "asleep", checked=True),
        Deed("page", "last"),
        Deed("page", "9" * 400),
    ],
)
def test_deeds_that_make_no_sense_lead_nowhere(deed):
    """A list that asked for them would stand still."""
    assert place_after(RunsPlace(search="x"), deed) == RunsPlace(search="x")


def test_headings_sort_up_then_down_then_as_submitted():
    """Three presses lead back."""
    place = RunsPlace()
    orders = []
    for _ in range(3):
        place = place_after(place, Deed("sort", "name"))
        orders.append(place.order)

    assert orders == [RunOrder("name"), RunOrder("name", descending=True), RunOrder()]


def test_a_menu_offers_what_needs_no_words():
    """The list and the page of a run agree on what may be asked in each state."""
    assert [verb for verb in VERBS[RunState.PAUSED] if verb in IN_MENU] == [
        Verb.RESUME, Verb.STOP, Verb.RERUN, Verb.DELETE,
    ]  # fmt: skip


def test_a_comparison_says_of_how_many_it_will_be():
    """Sixty were selected, and fifty are compared: not in silence."""
    bars = [str(selection_bar([UUID(int=number) for number in range(count)], count)) for count in (50, 60)]

    assert "of them" not in bars[0]
    assert "Compare 50 of them" in bars[1]
