"""Producers at full speed while the writer and the database are killed under them: 0 lost, 0 doubled."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass

import psycopg
import pytest
import ray

from actors.metrics_writer import start_metrics_writer, stop_metrics_writer
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.server import EmbeddedServer
from tests.integration.writer.writer_kit import (
    Producer,
    check_table,
    submitted_runs,
)
from tests.ray_cluster import local_ray

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def cluster():
    with local_ray():
        yield


@pytest.fixture
def server(tmp_path_factory):
    """A PostgreSQL of our own, because it will be killed."""
    server = EmbeddedServer(Home(tmp_path_factory.mktemp("doomed")))
    server.start()
    yield server
    server.destroy()


@dataclass
class Saboteur:
    """Does one kind of harm at a time, chosen by a seed."""

    writer: ray.actor.ActorHandle
    server: EmbeddedServer
    seed: int

    def __post_init__(self):
        self.choice = random.Random(self.seed)  # noqa: S311 (not a secret)
        self.done = Counter()

    def strike(self):
        kind = self.choice.choice(["writer", "writer", "backend", "database"])
        getattr(self, f"kill_{kind}")()
        self.done[kind] += 1

    def kill_writer(self):
        os.kill(ray.get(self.writer.ping.remote(), timeout=PATIENCE_S), signal.SIGKILL)

    def kill_backend(self):
        with psycopg.connect(self.server.dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'nntracker-writer'"
            )

    def kill_database(self):
        """An immediate stop: what is not committed is gone, and the server has to recover."""
        postmaster = int((self.server.location / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGQUIT)
        time.sleep(self.choice.uniform(0.5, 2.0))
        self.server.start()


@pytest.mark.parametrize(
    ("seconds", "producers", "seed"),
    [pytest.param(15, 3, 7, id="short"), pytest.param(90, 4, 11, id="long", marks=pytest.mark.slow)],
)
def test_no_kill_loses_or_doubles_a_point(cluster, server, tmp_path, seconds, producers, seed):
    """The promise of the data path, under the harm that is to be expected of machines and people."""
    database = Database(server.dsn)
    migrate(database)
    run_nos = submitted_runs(database, producers)
    writer = start_metrics_writer(server.dsn)
    saboteur = Saboteur(writer, server, seed)
    trainings = [Producer.remote(str(tmp_path), run_no) for run_no in run_nos]

    reports = [training.produce.remote(seconds, 3_000) for training in trainings]
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        time.sleep(saboteur.choice.uniform(0.5, 2.5))
        saboteur.strike()
    counts = ray.get(reports, timeout=PATIENCE_S)
    finished = ray.get([training.finish.remote(PATIENCE_S) for training in trainings])
    assert stop_metrics_writer()

    print(f"harm done: {dict(saboteur.done)}; (epochs, slowest record in s): {counts}")
    assert [drained for drained, _ in finished] == [True] * producers, finished
    check_table(database, {n: epochs for n, (epochs, _) in zip(run_nos, counts, strict=True)})
    assert list(tmp_path.iterdir()) == []
    database.close()
