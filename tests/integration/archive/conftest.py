"""Two platforms: data goes out of the one and into the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nntracker_ray.home import Home
from nntracker_ray.models.catalog import load_catalog
from nntracker_ray.storage.connection import Database
from tests.conftest import TemplateDatabase


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A data folder that knows Keras' names: to ask Keras takes seconds."""
    home = Home(tmp_path_factory.mktemp("home")).create()
    load_catalog(home)
    return home


@pytest.fixture
def other_url(embedded_template: TemplateDatabase) -> Iterator[str]:
    """The DSN of the other platform."""
    yield from embedded_template.copy()


@pytest.fixture
def other(other_url: str) -> Iterator[Database]:
    """The other platform, empty."""
    database = Database(other_url, application="nntracker tests")
    yield database
    database.close()
