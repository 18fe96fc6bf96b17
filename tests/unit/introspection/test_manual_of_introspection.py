"""docs/introspection.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nntracker_ray.config.introspection import KEY, MOST_ENTRIES, read_introspection
from nntracker_ray.config.problems import Problems
from nntracker_ray.histograms import MOST_BINS
from nntracker_ray.introspection.beside import WAITING_LOOKS
from nntracker_ray.introspection.catalog import PRESET_NAMES, known_metrics
from nntracker_ray.introspection.metrics import BUILT_IN
from nntracker_ray.introspection.metrics.svcca import MOST_LOOKS, MOST_POINTS
from nntracker_ray.introspection.presets import presets
from nntracker_ray.introspection.results import LONGEST_NAME, MOST_BYTES, MOST_RESULTS
from nntracker_ray.introspection.topics import TENSOR_TOPICS, Topic
from nntracker_ray.records import Observed

MANUAL = (Path(__file__).parents[3] / "docs" / "introspection.md").read_text()


def row(name: str) -> list[str]:
    """The cells of the line of a table that begins with this word."""
    (line,) = re.findall(rf"^\| `{name}` (.*)$", MANUAL, re.MULTILINE)
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)][1:-1]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_metric_is_in_the_manual_with_its_topics_and_cadence(name: str):
    """What people choose by must be what they get."""
    info = known_metrics().metrics[name]
    is_any = info.allowed == tuple(map(str, TENSOR_TOPICS))

    of, _, _, each, healthy = row(name)

    assert of.startswith("any") == is_any
    assert set(info.topics if is_any else info.allowed or info.topics) <= set(re.findall(r"`(\w+)`", of))
    assert each == ("100 steps" if info.default_epochs is None else "epoch")
    assert healthy


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_is_in_the_manual(topic: str):
    """A topic that nobody can read about does not exist."""
    assert re.search(rf"^\| (`\w+`, )*`{topic}`", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("name", PRESET_NAMES[:2])
def test_a_preset_is_what_the_manual_says(name: str):
    """Its line names each of its metrics."""
    what, _ = row(name)

    named = set(re.findall(r"`(\w+)`", what)) & set(BUILT_IN)
    assert named == {one.metric for one in presets(known_metrics())[name].metrics}


def test_the_example_can_be_submitted():
    """It is the first thing that people copy."""
    text = re.search(r"```json\n(.*?)```", MANUAL, re.DOTALL).group(1)
    problems = Problems()

    looks = read_introspection(json.loads(f"{{{text}}}")[KEY], KEY, problems)

    assert problems.found == []
    assert len(looks) == 3


@pytest.mark.parametrize(
    "said",
    [
        f"| an array or histogram | {MOST_BYTES // 2**20} MiB |",
        f"| the name of a result | {LONGEST_NAME} characters |",
        f"| results of one message | {MOST_RESULTS:,} |",
        f"| entries of `introspection` | {MOST_ENTRIES} |",
        f"`bins` | {MOST_BINS} (",
        f"{MOST_POINTS:,} points a look, {MOST_LOOKS} looks",
        f"| `budget` | {Observed('mean').budget} |",
        f"| `limit_s` | {Observed('mean').limit_s:g} |",
        f"at most {WAITING_LOOKS} looks wait",
    ],
)
def test_limits_are_those_of_the_code(said: str):
    """A limit that is met without having been told is a fault."""
    assert said in MANUAL
