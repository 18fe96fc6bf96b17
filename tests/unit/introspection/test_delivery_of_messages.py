"""Who listens to what, who hears whom, and what becomes of those that fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntracker_ray.introspection import Histogram, Message, Published, Subscriber
from nntracker_ray.introspection.bus import Delivery
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.records import MetricArray, MetricPoint
from tests.unit.introspection.listeners import STAMP, Gatherer, Listener, of_layer, subscribed


def delivered(seen: list[Any], due: list[Subscription]) -> Delivery:
    delivery = Delivery(STAMP, seen, due)
    delivery.run()
    return delivery


def by_name(delivery: Delivery) -> dict[tuple[str, str], float]:
    return {(one.metric, one.layer): one.value for one in delivery.records if isinstance(one, MetricPoint)}


def test_results_are_named_by_topic_and_stamped_with_the_step():
    """A number says which layer, which array and which step it is of."""
    size = subscribed(Listener("weights", answer=lambda message: {"size": message.value.size, "all/size": 1}))

    delivery = delivered([of_layer(size, "dense", weights=np.ones((2, 3)))], [size])

    here = {"epoch": 2, "step": 300, "measured_at": STAMP.measured_at, "layer": "dense", "tensor": "kernel"}
    assert delivery.records == [
        MetricPoint("weights/size", value=6.0, **here),
        MetricPoint("all/size", value=1.0, **here),
    ]
    assert size.results == {"weights/size", "all/size"}


def test_histograms_and_arrays_are_kept_as_they_are():
    """Counts with their edges, arrays in their own dtype."""
    counted = Histogram(np.array([1, 2]), np.array([0.0, 0.5, 1.0]))
    both = subscribed(Listener("weights", answer=lambda _: {"h": counted, "a": np.eye(2, dtype=np.float32)}))

    histogram, array = delivered([of_layer(both, "dense", weights=0)], [both]).records

    assert isinstance(histogram, MetricArray)
    assert isinstance(array, MetricArray)
    assert (histogram.values.tolist(), histogram.edges.tolist()) == ([1, 2], [0.0, 0.5, 1.0])
    assert (array.metric, array.values.dtype, array.edges) == ("weights/a", np.float32, None)


def test_what_one_publishes_the_next_one_hears():
    """Whatever their order: who publishes is heard first. What is published is not recorded."""
    last = Listener("doubled", "squared", answer=lambda message: {"sum": sum(message.values.values())})
    chained = subscribed(last)
    squares = subscribed(Listener("doubled", answer=lambda message: {"squared": Published(message.value**2)}))
    doubles = subscribed(
        Listener("weights", answer=lambda message: {"doubled": Published(2 * message.value)})
    )

    delivery = delivered(
        [of_layer(doubles, "a", weights=3), of_layer(doubles, "b", weights=5)], [chained, squares, doubles]
    )

    assert by_name(delivery) == {("doubled/sum", "a"): 42.0, ("doubled/sum", "b"): 110.0}
    assert [message.stamp for message in last.heard] == [STAMP, STAMP]


def test_numbers_are_topics_too_and_can_be_gathered():
    """The mean over layers needs nothing but the means."""
    means = subscribed(Listener("weights", answer=lambda message: {"mean": message.value}))
    over = subscribed(
        Gatherer(
            "weights/mean", answer=lambda message: {"over_layers": np.mean(list(message.value.values()))}
        )
    )

    delivery = delivered(
        [of_layer(means, "a", weights=1.0), of_layer(means, "b", weights=3.0)], [over, means]
    )

    assert by_name(delivery)["weights/mean/over_layers", ""] == 2.0


def test_layers_that_nobody_asked_for_are_not_gathered():
    """Patterns count for those who hear others as well."""
    means = subscribed(Listener("weights", answer=lambda message: {"mean": message.value}))
    gatherer = Gatherer("weights/mean")
    over = subscribed(gatherer, layers=("b*",))

    delivered([of_layer(means, "a", weights=1.0), of_layer(means, "b", weights=3.0)], [over, means])

    assert gatherer.heard[0].value == {("b", "kernel"): 3.0}


def test_a_bundle_of_tensors_and_published_values_is_one_message():
    """It comes when all of it is there."""
    doubles = subscribed(
        Listener("weights", answer=lambda message: {"doubled": Published(2 * message.value)})
    )
    listener = Listener("activations", "doubled")
    mixed = subscribed(listener)

    delivered(
        [
            of_layer(mixed, "a", activations=7),
            of_layer(mixed, "b", activations=8),
            of_layer(doubles, "a", weights=3),
        ],
        [mixed, doubles],
    )

    assert [(message.layer, dict(message.values)) for message in listener.heard] == [
        ("a", {"activations": 7, "doubled": 6})
    ]


def test_two_that_hear_each_other_come_to_an_end():
    """A circle gives nobody a message, and nobody waits for ever."""
    one = subscribed(Listener("b", answer=lambda _: {"a": Published(1)}))
    two = subscribed(Listener("a", answer=lambda _: {"b": Published(1)}))

    assert delivered([], [one, two]).records == []


def fails(_: Message) -> Any:
    raise ArithmeticError("boom")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (fails, "ArithmeticError: boom"),
        (lambda _: None, "it gives a mapping"),
        (lambda _: {"x": "text"}, "is str 'text'"),
        (lambda _: {"": 1.0}, "names are printable text"),
        (lambda _: {"x" * 300: 1.0}, "at most 200"),
        (lambda _: {"x": np.zeros(2**18)}, "may have 1,048,576"),
        (lambda _: {"x": np.array(["a", "b"])}, "allowed are numbers"),
        (lambda _: {"x": Histogram(np.array([1, 2]), np.array([0.0, 1.0]))}, "n counts have n + 1 edges"),
        (lambda _: {"x": Histogram(np.array([1]), np.array([0.0, np.nan]))}, "finite and ascend"),
        (lambda _: {"x": Histogram(np.array([0.5]), np.array([0.0, 1.0]))}, "whole numbers"),
        (lambda _: {str(number): 1.0 for number in range(1001)}, "at most 1000"),
    ],
)  # fmt: skip
def test_what_fails_is_suspended_with_the_reason(answer: Any, why: str):
    """The others get their messages; it gets no more of them."""
    bad, good = Listener("weights", answer=answer), Listener("weights", answer=lambda _: {"fine": 1.0})
    failing, fine = subscribed(bad), subscribed(good)
    seen = [of_layer(one, layer, weights=1) for layer in "ab" for one in (failing, fine)]

    delivery = delivered(seen, [failing, fine])

    assert why in (failing.suspended or "")
    assert failing.suspended_at == 300
    assert (len(bad.heard), len(good.heard)) == (1, 2)
    assert by_name(delivery) == {("weights/fine", "a"): 1.0, ("weights/fine", "b"): 1.0}


def test_a_subscriber_needs_nothing_but_measure():
    """What leaves the device is the tensors themselves, unless it says otherwise."""

    class Least(Subscriber):
        topics = ("weights",)

        def measure(self, message: Message) -> dict[str, float]:
            return {"least": float(message.value.min())}

    least = Least()

    assert least.reduce({"weights": 1}, None) == {"weights": 1}
    assert least.memory() == {}
    assert by_name(delivered([of_layer(subscribed(least), "a", weights=np.arange(3))], [])) == {
        ("weights/least", "a"): 0.0
    }


@pytest.mark.parametrize(
    ("subscriber", "why"),
    [
        (Listener(), "listens to no topic"),
        (Listener("loss_surface", "weights"), "asked alone"),
        (Listener("epoch_end", "weights"), "is a marker"),
        (Gatherer("weights"), "cannot be gathered"),
    ],
    ids=["nothing", "surface and tensors", "marker and tensors", "tensors gathered"],
)
def test_what_nobody_can_deliver_is_said_at_once(subscriber: Subscriber, why: str):
    """Rather than listening in vain."""
    assert why in (subscribed(subscriber).suspended or "")


def test_two_ways_of_measuring_do_not_share_a_series():
    """Histograms of 10 and of 30 bins under one name would be neither; the first that was asked for stays."""
    few, many, again = (
        subscribed(Listener("weights", answer=lambda _: {"bins": 1.0}), conf={"bins": bins})
        for bins in (10, 30, 10)
    )

    delivery = delivered([of_layer(one, "a", weights=1) for one in (few, many, again)], [few, many, again])

    assert (few.suspended, again.suspended) == (None, None)
    assert "recorded already, by 'listener' with conf {\"bins\": 10}" in (many.suspended or "")
    assert by_name(delivery) == {("weights/bins", "a"): 1.0}
