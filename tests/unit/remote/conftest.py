"""Two nodes with a folder each, and a place that both reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntracker_ray.home import Home
from nntracker_ray.shared import ENVIRONMENT_VARIABLE


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The common place, as NNTRACKER_SHARED names it."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "shared"))
    return tmp_path / "shared"


@pytest.fixture
def here(tmp_path: Path) -> Home:
    return Home(tmp_path / "here").create()


@pytest.fixture
def there(tmp_path: Path) -> Home:
    return Home(tmp_path / "there").create()
