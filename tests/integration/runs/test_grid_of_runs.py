"""A submitted grid trains by itself, side by side as the hardware allows, and the database tells all of it."""

from __future__ import annotations

import pytest

from nntracker_ray.records import CaptureSpec, Configuration, NamedConf, Resources, RunState
from tests.integration.runs.run_kit import Lab


def test_a_grid_is_trained_two_at_a_time_with_every_epoch_once(lab: Lab):
    """The whole way of a run: the queue, a worker, the spool, the database."""
    specs = lab.specs(5, total_epochs=4, capture=CaptureSpec(epoch_period=2))

    lab.submit(specs)
    rows = [lab.await_state(spec, RunState.FINISHED) for spec in specs]

    for spec, row in zip(specs, rows, strict=True):
        assert lab.history(spec) == ["queued", "starting", "running", "finished"]
        assert (row.epochs_done, row.attempt) == (4, 1)
        assert lab.epochs_of(spec, "loss") == lab.epochs_of(spec, "val_accuracy") == [0, 1, 2, 3]
        assert list(lab.weights(spec)[0]) == [0, 2, 3]
    assert lab.most_at_once(specs) == 2
    # Loading TensorFlow takes longer than such a training: a process that has done it goes on with the next run.
    assert len({lab.facts(spec)["worker"]["pid"] for spec in specs}) == 2


@pytest.mark.slow
def test_a_grid_of_short_runs_gets_a_worker_for_every_cpu(lab: Lab):
    """A worker takes longer to start than these runs to train; each must not throw away the start of the next."""
    specs = lab.specs(30, total_epochs=1)

    lab.submit(specs)
    for spec in specs:
        lab.await_state(spec, RunState.FINISHED)

    pids = [lab.facts(spec)["worker"]["pid"] for spec in specs]
    assert len(set(pids)) == 2
    assert len(set(pids[-6:])) == 2


def test_a_run_that_raises_fails_alone_and_keeps_its_traceback(lab: Lab):
    """One bad configuration must not cost the others of its grid, nor anybody the reason."""
    wrong_loss = Configuration(NamedConf("Adam"), NamedConf("CategoricalCrossentropy"), learning_rate=0.01)
    good, also_good = lab.specs(2)
    (bad,) = lab.specs(1, configuration=wrong_loss, experiment_id=good.experiment_id)

    lab.submit([bad, good, also_good])
    row = lab.await_state(bad, RunState.FAILED)

    assert row.error is not None
    assert "Traceback" in row.error
    assert "ValueError" in row.error
    assert lab.history(bad)[-1] == "failed"
    assert lab.await_state(good, RunState.FINISHED).attempt == 1
    assert lab.await_state(also_good, RunState.FINISHED).attempt == 1


@pytest.mark.slow
def test_fractions_of_a_cpu_share_the_machine_and_large_runs_have_it_alone(lab: Lab):
    """Asked-for hardware is the only thing that decides how many runs train side by side."""
    halves = lab.specs(6, total_epochs=20, resources=Resources(cpu=0.5))
    whole = lab.specs(2, total_epochs=2, resources=Resources(cpu=2.0))

    lab.submit(halves)
    lab.submit(whole)
    for spec in [*halves, *whole]:
        lab.await_state(spec, RunState.FINISHED)

    assert lab.most_at_once(halves) == 4
    assert lab.most_at_once(whole) == 1
    assert lab.most_at_once([*halves, whole[0]]) == lab.most_at_once([*halves, whole[1]]) == 4


def test_a_run_that_asks_for_more_than_there_is_keeps_nobody_waiting(lab: Lab):
    """A GPU run on a machine without one stays queued; those behind it train."""
    impossible = lab.specs(1, resources=Resources(cpu=1.0, gpu=1.0))
    possible = lab.specs(1)

    lab.submit(impossible)
    lab.submit(possible)

    assert lab.await_state(possible[0], RunState.FINISHED).epochs_done == 3
    assert lab.history(impossible[0]) == ["queued"]
