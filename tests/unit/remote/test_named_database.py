"""A database can be named by a file, so that its password is in no environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from nntracker_ray.errors import PlatformError
from nntracker_ray.home import NODE_VARIABLE, Home
from nntracker_ray.storage.connection import ENVIRONMENT_VARIABLE, FILE_VARIABLE, named_dsn, resolve_dsn


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (ENVIRONMENT_VARIABLE, FILE_VARIABLE, NODE_VARIABLE):
        monkeypatch.delenv(variable, raising=False)


def test_without_settings_nothing_is_named():
    """Then it is the embedded database."""
    assert named_dsn() is None


def test_the_file_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Secrets of containers come as files, with a line end."""
    (tmp_path / "url").write_text("postgresql://host/nntracker\n")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "url"))

    assert named_dsn() == resolve_dsn(Home(tmp_path)) == "postgresql://host/nntracker"


def test_a_file_that_is_missing_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Going on with the embedded database would put runs where nobody looks for them."""
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "nothing"))

    with pytest.raises(PlatformError, match="nothing, which cannot be read: No such file"):
        named_dsn()


def test_a_node_may_keep_its_files_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Machines differ in where their large disk is."""
    assert Home.on_this_node(tmp_path) == Home(tmp_path)

    monkeypatch.setenv(NODE_VARIABLE, "/large/disk")

    assert Home.on_this_node(tmp_path) == Home(Path("/large/disk"))
