"""The thread in which subscribers work, and those that do not come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from nntracker_ray.introspection import Message
from nntracker_ray.introspection.beside import WAITING_LOOKS, Beside, Look
from nntracker_ray.introspection.bus import Reduced
from nntracker_ray.records import MetricPoint
from tests.unit.introspection.listeners import STAMP, Listener, of_layer, subscribed


@pytest.fixture
def beside() -> Iterator[Beside]:
    beside = Beside()
    yield beside
    beside.close()


def test_everything_is_there_when_it_has_settled(beside: Beside):
    """An epoch that is told to people is a complete one."""
    one = subscribed(Listener("weights", answer=lambda message: {"value": message.value}))
    looks = 3 * WAITING_LOOKS

    for number in range(looks):
        beside.put(Look(STAMP, lambda number=number: [of_layer(one, "a", weights=number)], [one]))  # type: ignore[misc]
    beside.settle()

    assert [point.value for point in beside.take() if isinstance(point, MetricPoint)] == list(range(looks))
    assert beside.take() == []


def test_one_that_hangs_is_given_up_and_the_rest_of_its_look_is_worked_off(beside: Beside):
    """Nothing of the others is lost, also not what was found before it in the same look."""
    never = threading.Event()
    hangs = subscribed(Listener("weights", answer=lambda _: {"never": never.wait()}), limit_s=0.2)
    fine = subscribed(Listener("weights", answer=lambda message: {"value": message.value}))

    def seen() -> list[Reduced]:
        return [of_layer(one, layer, weights=1.0) for layer in "ab" for one in (fine, hangs)]

    beside.put(Look(STAMP, seen, [hangs, fine]))
    beside.put(Look(STAMP, seen, [hangs, fine]))
    beside.settle()

    assert hangs.suspended == "one look has taken more than 0.2 s"
    assert [point.layer for point in beside.take()] == ["a", "b", "a", "b"]
    never.set()


def test_one_that_hangs_and_was_suspended_meanwhile_is_given_up_too(beside: Beside):
    """Its budget may have ended it first; the training must not wait for ever all the same."""
    at_work, never = threading.Event(), threading.Event()

    def hang(_: Message) -> dict[str, float]:
        at_work.set()
        never.wait()
        return {}

    hangs = subscribed(Listener("weights", answer=hang), limit_s=0.2)
    beside.put(Look(STAMP, lambda: [of_layer(hangs, "a", weights=1.0)], [hangs]))
    at_work.wait()
    hangs.suspend("took 20 % of the training time", 1)

    beside.settle()

    assert hangs.suspended == "took 20 % of the training time"
    never.set()


def test_what_comes_back_too_late_is_not_recorded(beside: Beside):
    """It is suspended; a result after that would stand alone."""
    come_back, came_back = threading.Event(), threading.Event()

    def late(_: Message) -> dict[str, float]:
        come_back.wait()
        came_back.set()
        return {"late": 1.0}

    hangs = subscribed(Listener("weights", answer=late), limit_s=0.1)
    beside.put(Look(STAMP, lambda: [of_layer(hangs, "a", weights=1.0)], [hangs]))
    beside.settle()
    come_back.set()
    came_back.wait()

    fine = subscribed(Listener("weights", answer=lambda _: {"fine": 1.0}))
    beside.put(Look(STAMP, lambda: [of_layer(fine, "a", weights=1.0)], [fine]))
    beside.settle()

    assert [point.metric for point in beside.take()] == ["weights/fine"]


def test_a_look_that_cannot_be_copied_suspends_those_who_were_due(beside: Beside):
    """The device may have lost it."""
    one = subscribed(Listener("weights"))

    def lost() -> list[Reduced]:
        raise MemoryError("no room")

    beside.put(Look(STAMP, lost, [one]))
    beside.settle()

    assert "no room" in (one.suspended or "")
