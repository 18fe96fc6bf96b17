"""Makes `metric_kit` importable; metrics are asked at once and from within compiled looks."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from metric_kit import WAYS, Way


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest) -> Way:
    """How `reduce` is run."""
    return request.param
