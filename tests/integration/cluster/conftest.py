"""Platforms on two and three nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nntracker_ray.shared import ENVIRONMENT_VARIABLE
from nntracker_ray.storage.connection import Database
from tests.integration.cluster.local_nodes import LocalNodes, local_nodes
from tests.integration.runs.run_kit import Lab, actors_of, new_lab

MakePlatform = Callable[[int], tuple[LocalNodes, Lab]]


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place that all nodes reach."""
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "shared"))
    return tmp_path / "shared"


@pytest.fixture
def platform_of(
    shared: Path, tmp_path: Path, database: Database, database_url: str
) -> Iterator[MakePlatform]:
    """A platform on so many nodes; data and model are added on the head alone."""
    with ExitStack() as ends:

        def make(count: int) -> tuple[LocalNodes, Lab]:
            nodes = ends.enter_context(local_nodes(tmp_path, count))
            home = nodes.nodes[0].home
            lab = new_lab(home, database, rows=1500)
            ends.enter_context(actors_of(home, database_url))
            return nodes, lab

        yield make
