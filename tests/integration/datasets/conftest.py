"""A dataset store in a folder of its own."""

import pytest

from nntracker_ray.datasets import DatasetStore
from nntracker_ray.errors import DatasetError
from nntracker_ray.home import Home


@pytest.fixture
def store(tmp_path):
    return DatasetStore(Home(tmp_path / "home"))


@pytest.fixture
def add(store, tmp_path):
    """Adds bytes under a file name."""

    def add_bytes(data, name="file"):
        (tmp_path / name).write_bytes(data)
        return store.add(name, base=tmp_path)

    return add_bytes


@pytest.fixture
def refused(store, add, tmp_path):
    """Adds a hostile file; returns the refusal, having made sure that nothing of the file was kept."""

    def refusal(data):
        before = sorted(tmp_path.iterdir())
        with pytest.raises(DatasetError) as raised:
            add(data, "hostile")
        assert {path.name for path in tmp_path.iterdir()} <= {path.name for path in before} | {
            "hostile",
            "home",
        }
        kept = [
            path
            for path in (tmp_path / "home" / "datasets").iterdir()
            if path.name not in (".incoming", ".locks")
        ]
        assert kept == []
        assert list((tmp_path / "home" / "datasets" / ".incoming").iterdir()) == []
        return raised.value

    return refusal
