"""A platform that joins a Ray checks it first: better an error at the start than runs that never begin."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import ray

from actors.metrics_writer import start_metrics_writer
from apps.joined_cluster import require_fit_cluster
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from tests.integration.cluster.local_nodes import local_nodes
from tests.integration.runs.run_kit import actors_of
from tests.ray_cluster import local_ray

pytestmark = [pytest.mark.slow]


def test_one_ray_has_one_platform(tmp_path: Path, database_url: str):
    """Two would share a metrics writer, and each would end the other's runs; the same one may come back."""
    ours, others = Home(tmp_path / "ours").create(), Home(tmp_path / "others").create()
    with local_ray(cpus=1):
        require_fit_cluster(ours, embedded_database=True)

        with actors_of(others, database_url):
            with pytest.raises(PlatformError, match=r"another platform works on this Ray.*others; a Ray has"):
                require_fit_cluster(ours, embedded_database=True)
            require_fit_cluster(others, embedded_database=True)


def test_writer_lives_beside_the_platform_also_after_its_death(tmp_path: Path, database_url: str):
    """On another node it would go with that node; there, others would look after the wrong data folder."""
    with local_nodes(tmp_path, 3) as nodes:
        writer = start_metrics_writer(database_url)
        first = ray.get(writer.ping.remote())
        os.kill(first, signal.SIGKILL)
        second = ray.get(writer.ping.remote())

        assert first != second
        assert nodes.nodes[0].runs(second)
