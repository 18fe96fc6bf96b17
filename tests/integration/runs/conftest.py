"""A platform for a whole module: its own Ray, its own database, real digits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from tests.integration.runs.run_kit import Lab, actors_of, new_lab
from tests.ray_cluster import local_ray


@pytest.fixture(scope="module")
def module_lab(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Data, model and database; nothing trains yet."""
    return new_lab(Home(tmp_path_factory.mktemp("lab")), module_database)


@pytest.fixture(scope="module")
def ray_of_module() -> Iterator[None]:
    """Two CPUs."""
    with local_ray(cpus=2):
        yield


@pytest.fixture(scope="module")
def lab(module_lab: Lab, module_database_url: str, ray_of_module: None) -> Iterator[Lab]:
    """A platform that trains what is submitted."""
    with actors_of(module_lab.home, module_database_url):
        yield module_lab
