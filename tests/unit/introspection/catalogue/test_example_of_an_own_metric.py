"""The package in examples/own-metric, as the manual shows it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nntracker_ray.introspection.plug_ins import GROUP
from nntracker_ray.records import Observed
from tests.unit.introspection.catalogue.installed import Install

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "examples" / "own-metric"
MANUAL = (ROOT / "docs" / "own-metrics.md").read_text()


def test_it_is_a_metric_once_it_is_installed(install: Install):
    """By its own entry point, under the name that the manual uses."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    ((name, place),) = project["entry-points"][GROUP].items()
    module, _, kind = place.partition(":")

    catalog = install((EXAMPLE / f"{module}.py").read_text(), name="hoyer", **{name: kind})

    (metric,) = catalog.subscribers_of(Observed("hoyer_sparsity", {"below": 0.01}, ("activations",)))
    assert metric.topics == ("activations",)
    assert catalog.metrics["hoyer_sparsity"].summary.startswith("Hoyer sparsity:")


@pytest.mark.slow  # it loads Keras in a process of its own
def test_its_own_tests_pass():
    """They are what people begin their own from."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE)]
    environment = {"PYTHONPATH": f"{EXAMPLE}:{ROOT}", "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": ""}

    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)

    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert "7 passed" in ended.stdout


def test_the_manual_shows_the_very_code():
    """What is read must be what runs."""
    shown = re.findall(r"```python\n(.*?)```", MANUAL, re.DOTALL)
    sources = [(EXAMPLE / name).read_text() for name in ("hoyer_sparsity.py", "test_hoyer_sparsity.py")]

    assert len(shown) >= 2
    assert all(any(code in source for source in sources) for code in shown)
