"""Whatever dies while runs train, they go on from their checkpoint and end as if nothing had happened."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
import ray

from nntracker_ray.home import Home
from nntracker_ray.records import RunSpec, RunState
from nntracker_ray.storage.connection import Database
from tests.integration.runs.run_kit import Lab, actors_of, await_value, store_digits, store_model
from tests.ray_cluster import local_ray

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(600)]

EPOCHS = 40


@pytest.fixture(scope="module")
def module_database_url(embedded_template) -> Iterator[str]:
    """A fresh database that the tests of this module share, because their Ray does."""
    yield from embedded_template.copy()


@pytest.fixture(scope="module")
def lab(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A Ray of two CPUs, with data and a model; the actors are started by each test."""
    folder = tmp_path_factory.mktemp("lab")
    home = Home(folder / "home").create()
    database = Database(module_database_url, application="nntracker tests")
    with local_ray(cpus=2):
        yield Lab(home, database, store_digits(home, folder, rows=1500), store_model(home))
    database.close()


def twins(lab: Lab) -> tuple[RunSpec, RunSpec]:
    """Two runs that differ in nothing that training looks at."""
    disturbed, undisturbed = lab.specs(2, seed=7, total_epochs=EPOCHS)
    return disturbed, undisturbed


def assert_equal_to_the_last_bit(lab: Lab, disturbed: RunSpec, undisturbed: RunSpec) -> None:
    """Every epoch once, with the metrics and the weights of the twin."""
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert lab.epochs_of(disturbed, metric) == list(range(EPOCHS))
        assert lab.curve(disturbed, metric) == lab.curve(undisturbed, metric)
    for layer in ("hidden", "scores"):
        epochs, weights = lab.weights(disturbed, layer)
        twin_epochs, twin_weights = lab.weights(undisturbed, layer)
        assert list(epochs) == list(twin_epochs) == list(range(EPOCHS))
        assert np.asarray(weights).tobytes() == np.asarray(twin_weights).tobytes()


def worker_pid(lab: Lab, spec: RunSpec) -> int:
    """The process that trains a run, as it says itself."""
    return int(await_value(lambda: lab.facts(spec).get("worker"), "the worker's pid")["pid"])


def test_a_killed_worker_costs_time_and_nothing_else(lab: Lab, module_database_url: str):
    """SIGKILL in the middle of an epoch: another attempt takes over from the checkpoint."""
    disturbed, undisturbed = twins(lab)
    with actors_of(lab.home, module_database_url):
        lab.submit([disturbed, undisturbed])
        lab.await_epochs(disturbed, 5)

        os.kill(worker_pid(lab, disturbed), signal.SIGKILL)
        row = lab.await_state(disturbed, RunState.FINISHED)
        lab.await_state(undisturbed, RunState.FINISHED)

    assert row.attempt == 2
    assert lab.history(disturbed) == [
        "queued",
        "starting",
        "running",
        "queued",
        "starting",
        "running",
        "finished",
    ]
    assert lab.facts(disturbed)["checkpoint"]["resumed_from"]["epochs_done"] > 0
    assert_equal_to_the_last_bit(lab, disturbed, undisturbed)


def test_a_killed_run_manager_comes_back_and_takes_its_runs_up_again(lab: Lab, module_database_url: str):
    """Its workers die with it; what it knew is in the database."""
    disturbed, undisturbed = twins(lab)
    with actors_of(lab.home, module_database_url):
        lab.submit([disturbed, undisturbed])
        lab.await_epochs(disturbed, 3)
        manager = ray.get_actor("run-manager")

        os.kill(ray.get(manager.ping.remote()), signal.SIGKILL)
        row = lab.await_state(disturbed, RunState.FINISHED)
        lab.await_state(undisturbed, RunState.FINISHED)

    assert row.attempt == 2
    assert_equal_to_the_last_bit(lab, disturbed, undisturbed)


def test_a_stopped_platform_leaves_runs_queued_and_goes_on_with_them(lab: Lab, module_database_url: str):
    """`nntracker down` and a reboot must not cost a running experiment."""
    disturbed, undisturbed = twins(lab)
    with actors_of(lab.home, module_database_url):
        lab.submit([disturbed, undisturbed])
        lab.await_epochs(disturbed, 3)
    stopped = lab.row(disturbed)

    with actors_of(lab.home, module_database_url):
        lab.await_state(disturbed, RunState.FINISHED)
        lab.await_state(undisturbed, RunState.FINISHED)

    assert stopped.state is RunState.QUEUED
    assert stopped.epochs_done >= 3
    assert lab.history(disturbed) == [
        "queued",
        "starting",
        "running",
        "queued",
        "starting",
        "running",
        "finished",
    ]
    assert_equal_to_the_last_bit(lab, disturbed, undisturbed)


def test_a_run_that_kills_its_worker_each_time_fails_after_three(lab: Lab, module_database_url: str):
    """A model that exhausts the memory must not restart for ever, nor take the others with it."""
    (deadly,) = lab.specs(1, total_epochs=100_000, checkpoint_period=100_000, batch_size=1)
    killed: set[int] = set()

    def kill_next() -> bool | None:
        if lab.row(deadly).state is RunState.FAILED:
            return True
        pid = (lab.facts(deadly).get("worker") or {}).get("pid")
        if pid and pid not in killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        return None

    with actors_of(lab.home, module_database_url):
        lab.submit([deadly])
        await_value(kill_next, "three deaths")

    row = lab.row(deadly)
    assert (row.attempt, len(killed)) == (3, 3)
    assert lab.history(deadly)[-1] == "failed"
