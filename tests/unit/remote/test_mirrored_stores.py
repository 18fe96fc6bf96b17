"""What one node adds, the others find, without a common disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from nntracker_ray.datasets import DatasetStore
from nntracker_ray.errors import ModelError, NotFoundError, RemoteError
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from tests.integration.runs.run_kit import store_model


def added(home: Home, folder: Path) -> str:
    """A small dataset in the store of a node."""
    path = folder / "points.npz"
    np.savez(path, x=np.arange(12.0).reshape(6, 2), y=np.arange(6))
    return DatasetStore(home).add(str(path)).digest


def test_a_dataset_reaches_the_other_node(shared: Path, here: Home, there: Home, tmp_path: Path):
    """A run may land anywhere; its data must be there, to the last bit."""
    digest = added(here, tmp_path)

    dataset = DatasetStore(there).get(digest)

    assert dataset.folder.is_relative_to(there.root)
    assert np.array_equal(dataset.values("x"), np.arange(12.0).reshape(6, 2))
    assert {file.name for file in dataset.folder.iterdir()} == {"columns.bin", "dataset.json", "original"}
    assert not list((there.datasets / ".incoming").iterdir())


def test_once_fetched_it_is_kept(shared: Path, here: Home, there: Home, tmp_path: Path):
    """The shared place may be away later, or slow: each node asks it once."""
    digest = added(here, tmp_path)
    DatasetStore(there).get(digest)
    ModelStore(there).get(model := store_model(here))

    shutil.rmtree(shared)

    assert DatasetStore(there).get(digest).rows == 6
    assert ModelStore(there).get(model)


def test_a_damaged_copy_is_refused_and_not_kept(shared: Path, here: Home, there: Home, tmp_path: Path):
    """A bit that flipped on the way would train another network."""
    digest = added(here, tmp_path)
    columns = shared / "datasets" / digest / "columns.bin"
    content = bytearray(columns.read_bytes())
    content[-1] ^= 1
    columns.write_bytes(content)

    with pytest.raises(RemoteError, match=r"columns.bin in the shared folder is missing or damaged; remove"):
        DatasetStore(there).get(digest)

    assert not (there.datasets / digest).exists()


def test_a_dataset_half_pushed_is_not_there(shared: Path, here: Home, there: Home, tmp_path: Path):
    """A node that dies while it pushes leaves files without their list; adding again completes them."""
    digest = added(here, tmp_path)
    (shared / "datasets" / digest / "files.json").unlink()

    with pytest.raises(NotFoundError):
        DatasetStore(there).get(digest)
    added(here, tmp_path)

    assert DatasetStore(there).get(digest).rows == 6


def test_what_was_kept_before_goes_there_when_it_is_added_again(
    here: Home, there: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Who sets NNTRACKER_SHARED later only submits again."""
    monkeypatch.delenv("NNTRACKER_SHARED", raising=False)
    digest, model = added(here, tmp_path), store_model(here)

    monkeypatch.setenv("NNTRACKER_SHARED", str(tmp_path / "late"))
    DatasetStore(here).add(digest)
    store_model(here)

    assert DatasetStore(there).get(digest).rows == 6
    assert ModelStore(there).get(model) == ModelStore(here).get(model)


def test_a_damaged_model_is_refused(shared: Path, here: Home, there: Home):
    """A model is checked against its digest wherever it comes from."""
    digest = store_model(here)
    path = shared / "models" / f"{digest}.json"
    path.write_text(path.read_text().replace("relu", "tanh"))

    with pytest.raises(ModelError, match="is damaged"):
        ModelStore(there).get(digest)


def test_an_addition_that_cannot_be_shared_is_an_error_at_once(
    here: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Better a submission that fails than a run that another node cannot begin."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NNTRACKER_SHARED", str(tmp_path / "file"))

    with pytest.raises(RemoteError, match="cannot"):
        store_model(here)
