"""`nntracker metrics`: what can be looked at, and how one writes it down."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from rich.console import Console

from apps.metric_words import (
    TOPICS,
    catalog_object,
    catalog_view,
    example_of,
    flowing,
    metric_view,
    preset_view,
)
from nntracker_ray.config.introspection import read_introspection
from nntracker_ray.config.problems import Problems
from nntracker_ray.introspection.catalog import PRESET_NAMES, known_metrics
from nntracker_ray.introspection.metrics import BUILT_IN
from nntracker_ray.introspection.presets import presets
from nntracker_ray.introspection.topics import Topic
from tests.unit.introspection.catalogue.installed import WIDTH, Install, install

__all__ = ["install"]


def printed(view: object) -> str:
    console = Console(width=110)
    with console.capture() as captured:
        console.print(view)
    return captured.get()


def nntracker(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "apps.cli", "metrics", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_every_metric_preset_and_topic_is_listed():
    """What is not listed nobody uses."""
    shown = printed(catalog_view(known_metrics()))

    assert set(TOPICS) == set(Topic)
    assert all(name in shown for name in (*BUILT_IN, *PRESET_NAMES, *Topic))
    assert "cannot be used" not in shown


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_example_of_each_metric_can_be_copied_into_a_file(name: str):
    """An example that is refused is worse than none."""
    info, problems = known_metrics().metrics[name], Problems()

    read_introspection([example_of(info)], "introspection", problems)

    assert problems.found == []
    shown = printed(metric_view(info))
    assert "Formula:" in shown
    assert all(argument.name in shown for argument in info.arguments)


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_a_preset_says_what_it_is_made_of(name: str):
    """Before one chooses it."""
    preset = presets(known_metrics())[name]

    assert all(one.metric in printed(preset_view(preset)) for one in preset.metrics)


def test_a_plug_in_says_where_it_comes_from_and_a_broken_one_why(install: Install):
    """The administrator looks here when a metric is missing."""
    install("import no_such_module", name="broken", gone="X")
    catalog = install(WIDTH, width="Width")

    shown = printed(catalog_view(catalog))

    assert "width (widths 1.2)" in shown
    assert "gone (broken 1.2): ModuleNotFoundError" in shown
    assert [one["name"] for one in catalog_object(catalog)["unusable"]] == ["gone"]


def test_lines_of_a_docstring_flow_and_paragraphs_stay():
    """The author's line ends are not the terminal's."""
    text = "First line.\n\nFormula: a\nb, c.\nSource: d\n(2004)."

    assert flowing(text) == "First line.\n\nFormula: a b, c.\nSource: d (2004)."


def test_scripts_get_one_object_and_unknown_names_an_exit_code():
    """As from every command."""
    ended, unknown = nntracker("norm", "--json"), nntracker("nrom")

    told = json.loads(ended.stdout)
    assert (told["name"], told["topics"], told["every"]) == ("norm", ["weights"], 100)
    assert [one["name"] for one in told["arguments"]] == ["p"]
    assert unknown.returncode == 2
    assert "Did you mean 'norm'?" in unknown.stderr
