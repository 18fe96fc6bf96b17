"""What becomes of leases whose trainer is gone, on every backend."""

from __future__ import annotations

from uuid import UUID, uuid4

from nntracker_ray.records import Batch, Lease, Progress, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.lease_writes import report_lost_worker, requeue_leases, requeue_orphans
from nntracker_ray.storage.queries import find_run, state_changes
from nntracker_ray.storage.writes import change_state, claim_next_run, write_batches
from tests.integration.storage.examples_of_records import NOON, specs, started_run, submit

MANAGER, ANOTHER = uuid4(), uuid4()


def claim_for(database: Database, manager_id: UUID) -> Lease:
    with database.connection() as connection:
        lease = claim_next_run(connection, manager_id=manager_id, free_cpu=8.0, free_gpu=0.0)
    assert lease is not None
    return lease


def lose(database: Database, lease: Lease, error: str = "killed by signal 9") -> RunState:
    with database.connection() as connection:
        return report_lost_worker(
            connection, run_id=lease.run_id, attempt=lease.attempt, error=error, allowed=3
        )


def test_a_manager_queues_its_own_leases_again_and_no_others(database: Database):
    """A second cluster on the same database goes on undisturbed when the first is restarted."""
    owner_id = submit(database, specs(2))
    mine, theirs = claim_for(database, MANAGER), claim_for(database, ANOTHER)

    with database.connection() as connection:
        left = requeue_leases(connection, manager_id=MANAGER, why="restarted")

    assert left.queued == [mine.run_id]
    with database.connection() as connection:
        assert find_run(connection, viewer_id=owner_id, run_id=mine.run_id).state is RunState.QUEUED
        assert find_run(connection, viewer_id=owner_id, run_id=theirs.run_id).state is RunState.STARTING


def test_a_run_asked_to_pause_is_paused_when_its_trainer_is_gone(database: Database):
    """What a person asked for has happened; training it on would not be what they wanted."""
    owner_id = submit(database, specs(1))
    lease = claim_for(database, MANAGER)
    with database.connection() as connection:
        change_state(connection, run_id=lease.run_id, state=RunState.PAUSING, by="ada")

    with database.connection() as connection:
        left = requeue_leases(connection, manager_id=MANAGER, why="restarted")

    assert (left.queued, left.stopped) == ([], [])
    with database.connection() as connection:
        assert find_run(connection, viewer_id=owner_id, run_id=lease.run_id).state is RunState.PAUSED


def test_a_run_asked_to_stop_is_named_when_its_trainer_is_gone(database: Database):
    """Its last capture is still to be taken from its checkpoint, by whoever hears of it."""
    submit(database, specs(2))
    silent, leased = claim_for(database, ANOTHER), claim_for(database, MANAGER)
    with database.connection() as connection:
        for lease in (silent, leased):
            change_state(connection, run_id=lease.run_id, state=RunState.STOPPING, by="ada")

    with database.connection() as connection:
        restarted = requeue_leases(connection, manager_id=MANAGER, why="restarted")
        fell_silent = requeue_orphans(connection, silent_for_s=0)

    assert (restarted.queued, restarted.stopped) == ([], [leased.run_id])
    assert (fell_silent.queued, fell_silent.stopped) == ([], [silent.run_id])


def test_the_third_worker_lost_in_a_row_fails_the_run(database: Database):
    """A run that exhausts the memory must not restart for ever."""
    (spec,) = specs(1)
    owner_id = submit(database, [spec])

    states = [lose(database, claim_for(database, MANAGER), f"death {nth}") for nth in range(3)]

    assert states == [RunState.QUEUED, RunState.QUEUED, RunState.FAILED]
    with database.connection() as connection:
        history = state_changes(connection, viewer_id=owner_id, run_id=spec.run_id)
    assert [error for error in history["error"] if error] == ["death 0", "death 1", "death 2"]


def test_a_lost_worker_that_had_finished_an_epoch_starts_the_count_anew(database: Database):
    """A week of training on a flaky machine is not given up as long as it gets on."""
    submit(database, specs(1))

    for _ in range(5):
        lease = claim_for(database, MANAGER)
        progress = Progress(epochs_done=lease.attempt, steps_done=lease.attempt * 10, measured_at=NOON)
        with database.connection() as connection:
            write_batches(connection, [Batch(lease.run_no, lease.attempt, (progress,))])
        assert lose(database, lease) is RunState.QUEUED


def test_the_death_of_an_older_attempt_changes_nothing(database: Database):
    """News of it may come late, when the next attempt trains already."""
    _, older = started_run(database)
    lose(database, older)
    newer = claim_for(database, MANAGER)

    assert lose(database, older) is RunState.STARTING
    assert newer.attempt == older.attempt + 1


def test_a_worker_that_dies_after_its_run_had_ended_changes_nothing(database: Database):
    """The last word of a trainer stands, whatever happens to its process afterwards."""
    _, lease = started_run(database)
    with database.connection() as connection:
        change_state(connection, run_id=lease.run_id, state=RunState.FINISHED, by="trainer", attempt=1)

    assert lose(database, lease) is RunState.FINISHED
