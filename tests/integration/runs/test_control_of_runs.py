"""Pause and stop reach a run wherever it is, and give its hardware back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import ray

from nntracker_ray.commands import CommandRow, Outcome, Selection, Verb
from nntracker_ray.control import await_command, command
from nntracker_ray.records import CaptureSpec, RunSpec, RunState
from nntracker_ray.storage.deletion_writes import leftovers
from nntracker_ray.storage.log_queries import log_lines
from tests.integration.runs.run_kit import Lab, await_value

LONG = 100_000  # epochs that nobody waits for


def ask(lab: Lab, verb: Verb, *specs: RunSpec) -> CommandRow:
    """Say it as a person does, and wait for what becomes of it."""
    chosen = Selection(run_ids=tuple(spec.run_id for spec in specs))
    row = command(lab.database, lab.home, actor_id=lab.owner_id, by="tester", verb=verb, selection=chosen)
    return await_command(lab.database, actor_id=lab.owner_id, command_id=row.command_id, timeout_s=120.0)


def outcomes(row: CommandRow) -> set[Outcome]:
    return {target.outcome for target in row.targets}


def log_of(lab: Lab, spec: RunSpec) -> list[str]:
    with lab.database.connection() as connection:
        columns = log_lines(connection, viewer_id=lab.owner_id, run_id=spec.run_id, limit=1000)
    return list(columns["text"])


def free_cpus() -> float:
    return float(ray.available_resources().get("CPU", 0.0))


def await_free_cpus(count: float) -> None:
    await_value(lambda: free_cpus() == count or None, f"{count} free CPUs in Ray's books", timeout_s=60.0)


def worker_pid(lab: Lab, spec: RunSpec) -> int:
    return int(await_value(lambda: lab.facts(spec).get("worker"), "the worker's pid")["pid"])


def test_a_paused_run_gives_its_hardware_back_and_goes_on_where_it_was(lab: Lab):
    """What a person pauses for is the machine: its process is gone and Ray can give its CPU to others."""
    (spec,) = lab.specs(1, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([spec])
    lab.await_epochs(spec, 2)
    pid, before = worker_pid(lab, spec), free_cpus()

    process = psutil.Process(pid)
    await_value(lambda: spec.name in process.cmdline()[0] or None, "a process named after its run")

    paused = ask(lab, Verb.PAUSE, spec)
    await_free_cpus(2.0)
    made = lab.row(spec)

    assert before == 1.0
    assert outcomes(paused) == {Outcome.DONE}
    assert made.state is RunState.PAUSED
    await_value(lambda: not psutil.pid_exists(pid) or None, "the process to be gone")

    ask(lab, Verb.RESUME, spec)
    lab.await_epochs(spec, made.epochs_done + 2)
    resumed = lab.facts(spec)["checkpoint"]["resumed_from"]
    stopped = ask(lab, Verb.STOP, spec)

    assert resumed["epochs_done"] == made.epochs_done
    assert outcomes(stopped) == {Outcome.DONE}
    said = log_of(lab, spec)
    assert any(text.startswith("paused after") for text in said)
    assert any(text.startswith(f"goes on at epoch {made.epochs_done}, batch") for text in said)
    assert lab.history(spec) == [
        *("queued", "starting", "running", "pausing", "paused"),
        *("queued", "starting", "running", "stopping", "stopped"),
    ]
    await_free_cpus(2.0)


@pytest.mark.slow
def test_a_run_beside_a_paused_one_trains_on(lab: Lab):
    """The worker of the paused run must go although the other keeps Tune at work."""
    paused, other = lab.specs(2, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([paused, other])
    for spec in (paused, other):
        lab.await_epochs(spec, 1)
    assert free_cpus() == 0.0

    ask(lab, Verb.PAUSE, paused)
    await_free_cpus(1.0)
    made = lab.row(other).epochs_done
    lab.await_epochs(other, made + 2)

    ask(lab, Verb.STOP, paused, other)
    await_free_cpus(2.0)
    assert lab.row(paused).state is lab.row(other).state is RunState.STOPPED


@pytest.mark.slow
def test_the_hardware_of_a_paused_run_goes_to_the_next_one_at_once(lab: Lab):
    """With others waiting, its process is taken over: starting another takes seconds."""
    first, second, third = lab.specs(3, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([first, second, third])
    for spec in (first, second):
        lab.await_epochs(spec, 1)

    ask(lab, Verb.PAUSE, first)
    lab.await_epochs(third, 1)

    assert worker_pid(lab, third) == worker_pid(lab, first)
    ask(lab, Verb.STOP, first, second, third)
    await_free_cpus(2.0)


@pytest.mark.slow
def test_a_stopped_run_keeps_its_weights_and_a_checkpoint_of_the_last_moment(lab: Lab):
    """Stopping is no loss: what was trained can be looked at, forked and gone on with."""
    (spec,) = lab.specs(1, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([spec])
    lab.await_epochs(spec, 3)

    ask(lab, Verb.STOP, spec)

    epochs, weights = lab.weights(spec)
    assert epochs[0] == 0
    assert epochs[-1] >= lab.row(spec).epochs_done - 1
    assert len(weights) == len(epochs)
    assert (lab.home.checkpoints / str(spec.run_id) / "last.ckpt").exists()


@pytest.mark.slow
def test_a_run_asked_to_pause_while_it_starts_pauses_before_its_first_step(lab: Lab):
    """Starting can take minutes of loading; nobody should have to wait for a step to take it back."""
    (spec,) = lab.specs(1, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([spec])
    lab.await_state(spec, RunState.STARTING)

    paused = ask(lab, Verb.PAUSE, spec)

    assert outcomes(paused) == {Outcome.DONE}
    assert lab.row(spec).state is RunState.PAUSED
    assert lab.history(spec) == ["queued", "starting", "pausing", "paused"]
    await_free_cpus(2.0)
    ask(lab, Verb.RESUME, spec)
    lab.await_epochs(spec, 1)
    ask(lab, Verb.STOP, spec)


@pytest.mark.slow
def test_a_run_asked_to_pause_and_then_to_stop_is_stopped(lab: Lab):
    """The later word of a person counts, also while the earlier one is being carried out."""
    (spec,) = lab.specs(1, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([spec])
    lab.await_epochs(spec, 1)
    meant = Selection(run_ids=(spec.run_id,))

    pause = command(
        lab.database, lab.home, actor_id=lab.owner_id, by="tester", verb=Verb.PAUSE, selection=meant
    )
    stopped = ask(lab, Verb.STOP, spec)
    pause = await_command(lab.database, actor_id=lab.owner_id, command_id=pause.command_id, timeout_s=60.0)

    assert outcomes(stopped) == {Outcome.DONE}
    assert pause.is_settled
    assert lab.row(spec).state is RunState.STOPPED


@pytest.mark.slow
def test_a_deleted_run_at_work_leaves_no_row_and_no_file(lab: Lab):
    """It is stopped first; then everything of it goes."""
    (spec,) = lab.specs(1, total_epochs=LONG, capture=CaptureSpec(LONG))
    lab.submit([spec])
    lab.await_epochs(spec, 2)

    deleted = ask(lab, Verb.DELETE, spec)

    assert outcomes(deleted) == {Outcome.DONE}
    folder = lab.home.checkpoints / str(spec.run_id)
    await_value(lambda: not folder.exists() or None, "its files to be gone", timeout_s=60.0)
    await_free_cpus(2.0)


@pytest.mark.slow
def test_a_deleted_run_that_comes_back_begins_at_nothing(
    lab: Lab, module_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its old checkpoint may lie on a disk that nobody looked at: who has the address of the database can delete."""
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", module_database_url)
    (spec,) = lab.specs(1)
    folder = lab.home.checkpoints / str(spec.run_id)
    lab.submit([spec])
    lab.await_state(spec, RunState.FINISHED)
    shutil.copytree(folder, tmp_path / "kept")

    ask(lab, Verb.DELETE, spec)
    await_value(lambda: are_files_gone(lab, spec) or None, "the run manager to say that the files are gone")
    shutil.copytree(tmp_path / "kept", folder)
    lab.submit([spec])
    lab.await_state(spec, RunState.FINISHED)

    assert lab.epochs_of(spec, "loss") == [0, 1, 2]
    assert lab.history(spec) == ["queued", "starting", "running", "finished"]


def are_files_gone(lab: Lab, spec: RunSpec) -> bool:
    with lab.database.connection() as connection:
        return not leftovers(connection, [spec.run_id])


@pytest.mark.slow
def test_a_batch_of_seconds_is_the_longest_a_pause_takes(lab: Lab):
    """Not an epoch, which may last hours: the run leaves in its midst and keeps the batches made."""
    (spec,) = lab.specs(1, total_epochs=LONG, capture=CaptureSpec(LONG), batch_size=1)
    slow = replace(spec, name="slow epochs")
    lab.submit([slow])
    lab.await_state(slow, RunState.RUNNING)

    ask(lab, Verb.PAUSE, slow)
    ask(lab, Verb.RESUME, slow)
    lab.await_state(slow, RunState.RUNNING)

    assert lab.facts(slow)["checkpoint"]["resumed_from"]["batches_done"] > 0
    ask(lab, Verb.STOP, slow)
