"""A platform that joins a Ray checks it first: better an error at the start than runs that never begin."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from actors.metrics_writer import NAMESPACE, start_metrics_writer
from actors.run_manager import NAME
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


@pytest.mark.timeout(300)
def test_a_joined_ray_keeps_its_token_and_the_limit_of_cores(tmp_path: Path, database_url: str, monkeypatch):
    """`--cpus` leaves the rest of the machine to others, and what is asked of Ray is asked with its own token."""
    home = Home(tmp_path / "home").create()
    home.ray_token.write_text("of an earlier Ray of our own")
    # Without a port, Ray looks for a free one: another test beside this may have the usual one.
    head = {"num_cpus": 2, "include_dashboard": True, "dashboard_port": None}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    try:
        started = nntracker(home, "start", "--background", "--no-web", "--no-example", "--cpus", "1")
        assert started.returncode == 0, started.stderr
        token = os.environ["RAY_AUTH_TOKEN_PATH"]

        assert f"RAY_AUTH_TOKEN_PATH={token}\n" in nntracker(home, "env").stdout
        assert json.loads(nntracker(home, "top", "--json").stdout)["ray"]["CPU"]["total"] == 2
        ray.init(address=cluster.address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR")
        manager = ray.get_actor(NAME, namespace=NAMESPACE)
        assert [machine.cpu for machine in ray.get(manager._machines.remote())] == [1]
    finally:
        ray.shutdown()
        nntracker(home, "down")
        cluster.shutdown()


def nntracker(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own: a platform ends every child of its process."""
    command = [sys.executable, "-m", "apps.cli", *arguments, "--home", str(home.root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def test_writer_lives_beside_the_platform_also_after_its_death(tmp_path: Path, database_url: str):
    """On another node it would go with that node; there, others would look after the wrong data folder."""
    with local_nodes(tmp_path, 3) as nodes:
        writer = start_metrics_writer(database_url)
        first = ray.get(writer.ping.remote())
        os.kill(first, signal.SIGKILL)
        second = ray.get(writer.ping.remote())

        assert first != second
        assert nodes.nodes[0].runs(second)
