"""Which metrics there are, what each takes, and what becomes of plug-ins that do not work."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from nntracker_ray.errors import BadInputError, ConfigError
from nntracker_ray.introspection import Message, Stamp, Subscriber
from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.introspection.metrics import BUILT_IN
from nntracker_ray.introspection.topics import BUILT_IN as TOPICS
from nntracker_ray.records import Observed
from tests.unit.introspection.catalogue.installed import WIDTH, Install


def wrong_with(observed: Observed) -> dict[str, str]:
    """Place -> message."""
    return {one.path: one.message for one in known_metrics().problems(observed)}


class TestBuiltIn:
    @pytest.mark.parametrize("name", sorted(BUILT_IN))
    def test_each_can_be_had_as_the_catalogue_describes_it(self, name: str):
        """What is offered must not fail when it is chosen."""
        info = known_metrics().metrics[name]
        conf = {"of": ["weights/norm"]} if name == "mean_over_layers" else {}

        subscribers = known_metrics().subscribers_of(Observed(name, conf))

        assert info.summary.endswith(".")
        assert all(isinstance(one, Subscriber) and one.topics for one in subscribers)
        assert set(info.allowed) <= TOPICS
        assert not info.any_tensor or set(info.topics) <= set(info.allowed)

    def test_topics_make_an_instance_each(self):
        """One that fails on activations must not take the weights' with it."""
        one, other = known_metrics().subscribers_of(Observed("norm", {"p": 1}, ("weights", "activations")))

        assert (one.topics, other.topics) == (("weights",), ("activations",))
        assert one is not other

    def test_topics_that_are_taken_together_make_one(self):
        """A ratio is of two."""
        (ratio,) = known_metrics().subscribers_of(Observed("ratio", topics=("weight_gradients", "weights")))

        assert ratio.topics == ("weight_gradients", "weights")


class TestWhatIsRefused:
    def test_an_unknown_metric_with_the_nearest_name(self):
        """A slip of the finger is the usual reason."""
        with pytest.raises(BadInputError, match=r"unknown metric 'nrom'.*Did you mean 'norm'"):
            known_metrics().find("nrom")

    @pytest.mark.parametrize(
        ("observed", "place", "words"),
        [
            (Observed("mean", topics=("wieghts",)), "topics[0]", "Did you mean 'weights'?"),
            (
                Observed("mean", topics=("weights", "labels")),
                "topics[1]",
                "is not for this metric; allowed: weights,",
            ),
            (Observed("dead_share", topics=("weights",)), "topics[0]", "allowed: activations,"),
            (Observed("svcca", topics=("weights",)), "topics[0]", "listens to probe_activations"),
            (Observed("ratio", topics=("weights",)), "topics", "must be 2 different topics"),
            (
                Observed("ratio", {"topics": ["weights"]}, ("weights", "biases")),
                "conf.topics",
                "keep one of the two",
            ),
            (Observed("norm", {"q": 1}), "conf.q", "unknown argument; known: p"),
            (Observed("mean", {"q": 1}), "conf.q", "this metric takes none"),
            (Observed("norm", {"p": "one"}), "conf.p", "must be float | Literal['inf']; came \"one\""),
            (Observed("norm", {"p": 0.5}), "conf.p", "must be a number from 1 to inf"),
            (Observed("norm", {"p": float("nan")}), "conf.p", "must be finite"),
            (Observed("histogram", {"bins": 2.5}), "conf.bins", "came 2.5"),
            (Observed("mean_over_layers"), "conf.of", "required, but missing"),
        ],
        ids=lambda part: part if isinstance(part, str) else None,
    )
    def test_says_what_came_and_what_is_allowed(self, observed: Observed, place: str, words: str):
        """Beside the very value."""
        assert words in wrong_with(observed)[place]

    def test_everything_is_said_at_once(self):
        """One round trip, not four."""
        observed = Observed("norm", {"q": 1, "p": "x"}, ("loss", "weights", "no"))

        assert set(wrong_with(observed)) == {"conf.q", "conf.p", "topics[0]", "topics[2]"}
        with pytest.raises(ConfigError, match="4 problems"):
            known_metrics().subscribers_of(observed)


class TestPlugIns:
    def test_one_is_a_metric_like_any_other(self, install: Install):
        """Installed is all that it needs to be."""
        catalog = install(WIDTH, width="Width")
        info = catalog.metrics["width"]
        (width,) = catalog.subscribers_of(Observed("width", {"scale": 2}))

        assert (info.summary, info.package) == ("Greatest value less the least.", "widths 1.2")
        assert (info.topics, info.default_epochs) == (("weights",), 2)
        assert [(one.name, one.default) for one in info.arguments] == [("scale", 1.0), ("of", ())]
        message = Message(Stamp(0, 1, datetime.now(UTC)), {"weights": np.array([1.0, 4.0])})
        assert width.measure(message) == {"width": 6.0}

    def test_arguments_arrive_as_they_are_annotated(self, install: Install):
        """A file knows lists only; whoever writes `tuple` gets one."""
        (width,) = install(WIDTH, width="Width").subscribers_of(Observed("width", {"of": [1, 2]}))

        assert width.of == (1, 2)
        assert wrong_with(Observed("width", {"of": ["a"]}))["conf.of"].endswith('came ["a"]')

    def test_its_own_refusal_stands_beside_the_argument(self, install: Install):
        """The message begins with the name; nothing else is asked of an author."""
        install(WIDTH, width="Width")

        assert wrong_with(Observed("width", {"scale": 0})) == {
            "conf.scale": "scale is 0.0; it must be more than 0"
        }

    @pytest.mark.parametrize(
        ("source", "point", "why"),
        [
            ("import no_such_module", "X", "ModuleNotFoundError"),
            ("raise SystemExit(3)", "X", "SystemExit"),
            ("X = 3", "X", "no subclass of nntracker_ray.introspection.Subscriber"),
            ("X = int", "X", "no subclass"),
            ("", "X", "AttributeError"),
            ("from nntracker_ray.introspection import Subscriber as X", "X", "does not define measure"),
            (WIDTH.replace("any_tensor = True", ""), "Width", "listens to no topic"),
            (WIDTH.replace("float = 1.0", "float = -1.0"), "Width", "scale is -1.0"),
        ],
        ids=["import", "exit", "number", "class", "nothing", "abstract", "no-topic", "own-default"],
    )
    def test_what_cannot_be_loaded_is_listed_with_the_reason(
        self, install: Install, source: str, point: str, why: str
    ):
        """And everything else goes on as if it were not there."""
        catalog = install(source, broken=point)

        assert set(catalog.metrics) == set(BUILT_IN)
        (broken,) = catalog.unusable
        assert (broken.name, broken.package) == ("broken", "widths 1.2")
        assert why in broken.why
        with pytest.raises(BadInputError, match=r"the plug-in of widths .* is unusable"):
            catalog.find("broken")

    @pytest.mark.parametrize(("name", "is_what"), [("mean", "a built-in metric"), ("basic", "a preset")])
    def test_none_takes_the_place_of_what_is_built_in(self, install: Install, name: str, is_what: str):
        """Figures of the same name must mean the same on every machine."""
        catalog = install(WIDTH, **{name: "Width"})

        assert is_what in catalog.unusable[0].why
        assert catalog.metrics["mean"].is_built_in

    def test_of_two_of_a_name_the_first_package_wins(self, install: Install):
        """Whatever the order in which they were installed."""
        install(WIDTH, name="zebra", width="Width")
        catalog = install(WIDTH, name="ant", width="Width")

        assert catalog.metrics["width"].package == "ant 1.2"
        assert "the metric of ant 1.2 already" in catalog.unusable[0].why

    def test_a_name_must_be_one_that_files_can_hold(self, install: Install):
        """It stands in addresses and files."""
        assert "is no name" in install(WIDTH, **{"Width-2": "Width"}).unusable[0].why

    def test_each_is_loaded_once_a_process(self, install: Install):
        """What a plug-in does when it is imported must not be done for every page."""
        install("COUNT = []\n" + WIDTH.replace("class Width", "COUNT.append(1)\nclass Width"), width="Width")

        known_metrics().find("width")
        known_metrics().find("width")

        (module,) = [one for name, one in sys.modules.items() if name.startswith("widths_")][-1:]
        assert module.COUNT == [1]
