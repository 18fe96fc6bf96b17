"""Examples in docstrings are read as the manual of what they stand in: they must be true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("nntracker_ray", "actors", "apps")
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_they_give_what_they_say(module):
    """Each is run, but for those that are marked as to be skipped."""
    assert doctest.testmod(import_module(module)).failed == 0


def test_they_are_found():
    """One that is known to be there."""
    assert "nntracker_ray.errors" in WITH_EXAMPLES
