"""Whatever dies while runs train, they go on from their checkpoint and end as if nothing had happened."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import numpy as np
import psutil
import pytest
import ray

from nntracker_ray.commands import Selection, Verb
from nntracker_ray.control import command
from nntracker_ray.home import Home
from nntracker_ray.records import RunSpec, RunState
from nntracker_ray.storage.connection import Database
from tests.integration.runs.run_kit import Lab, actors_of, await_value, new_lab, store_model
from tests.ray_cluster import local_ray

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(600)]

EPOCHS = 40


@pytest.fixture(scope="module")
def lab(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A Ray of two CPUs, with data and a model; the actors are started by each test."""
    with local_ray(cpus=2):
        yield new_lab(Home(tmp_path_factory.mktemp("lab")), module_database, rows=1500)


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


def ask(lab: Lab, verb: Verb, spec: RunSpec) -> None:
    """Say it as a person does; the answer may take long."""
    meant = Selection(run_ids=(spec.run_id,))
    command(lab.database, lab.home, actor_id=lab.owner_id, by="tester", verb=verb, selection=meant)


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        (Verb.PAUSE, RunState.PAUSING, RunState.PAUSED),
        (Verb.STOP, RunState.STOPPING, RunState.STOPPED),
    ],
)
def test_a_worker_killed_while_it_was_asked_to_leave_has_left(
    lab: Lab, module_database_url: str, verb: Verb, before: RunState, after: RunState
):
    """The wish of a person outlives the process that should have carried it out."""
    disturbed, undisturbed = twins(lab)
    with actors_of(lab.home, module_database_url):
        lab.submit([disturbed, undisturbed])
        lab.await_epochs(disturbed, 3)
        pid = worker_pid(lab, disturbed)
        os.kill(pid, signal.SIGSTOP)  # it hears nothing, so the state stays
        ask(lab, verb, disturbed)
        assert lab.row(disturbed).state is before

        os.kill(pid, signal.SIGKILL)
        lab.await_state(disturbed, after)
        lab.await_state(undisturbed, RunState.FINISHED)
        ask(lab, Verb.RESUME, disturbed)
        lab.await_state(disturbed, RunState.FINISHED)

    assert_equal_to_the_last_bit(lab, disturbed, undisturbed)


def test_a_platform_that_ends_while_a_run_pauses_leaves_it_paused(lab: Lab, module_database_url: str):
    """It must not begin by itself with the next start: a person has paused it."""
    (spec,) = lab.specs(1, total_epochs=100_000)
    with actors_of(lab.home, module_database_url):
        lab.submit([spec])
        lab.await_epochs(spec, 2)
        pid = worker_pid(lab, spec)
        os.kill(pid, signal.SIGSTOP)
        ask(lab, Verb.PAUSE, spec)
        assert lab.row(spec).state is RunState.PAUSING
    paused = lab.row(spec).state
    os.kill(pid, signal.SIGKILL)

    with actors_of(lab.home, module_database_url):
        (other,) = lab.specs(1)
        lab.submit([other])
        lab.await_state(other, RunState.FINISHED)

    assert paused is RunState.PAUSED
    assert lab.row(spec).state is RunState.PAUSED


def warm_worker() -> psutil.Process:
    """The idle process that will train the next run of one CPU."""
    ours = psutil.Process().children(recursive=True)
    return next(one for one in ours if one.cmdline()[:1] == ["ray::TrialTrainable"])


def test_a_run_without_enough_memory_fails_alone_and_says_so(lab: Lab, module_database_url: str):
    """It would take as much the next time; what comes after it has nothing to do with that."""
    (greedy,) = lab.specs(1, model_digest=store_model(lab.home, units=1_500_000))  # 0.4 GB of weights
    small, modest = lab.specs(2)
    with actors_of(lab.home, module_database_url):
        lab.submit([small])
        lab.await_state(small, RunState.FINISHED)
        worker = await_value(lambda: attempt(warm_worker), "a warm worker")
        limits = worker.rlimit(psutil.RLIMIT_AS)
        worker.rlimit(psutil.RLIMIT_AS, (worker.memory_info().vms + 700 * 2**20, limits[1]))
        lab.submit([greedy])
        failed = lab.await_state(greedy, RunState.FAILED)
        worker.rlimit(psutil.RLIMIT_AS, limits)
        lab.submit([modest])
        finished = lab.await_state(modest, RunState.FINISHED)

    assert "not enough memory: the peak of its process was" in str(failed.error)
    assert (failed.attempt, finished.attempt) == (1, 1)


def attempt(look: Callable[[], psutil.Process]) -> psutil.Process | None:
    """What `look` finds, or None."""
    try:
        return look()
    except (StopIteration, psutil.Error):
        return None
