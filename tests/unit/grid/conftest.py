import pytest

from nntracker_ray.home import Home
from nntracker_ray.models.catalog import load_catalog


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A data folder for the session."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def catalog(home):
    """What the installed Keras really has (some seconds, once)."""
    return load_catalog(home)
