"""When a run that a full disk has paused is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from nntracker_ray.home import Home
from nntracker_ray.records import Lease, RunFact, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.hold_writes import resume_where_there_is_room
from nntracker_ray.storage.writes import change_state, write_batches
from tests.integration.storage.examples_of_records import batch, claim, started_run


def hold(database: Database, lease: Lease) -> None:
    """The trainer finds the disk full."""
    with database.connection() as connection:
        change_state(
            connection,
            run_id=lease.run_id,
            state=RunState.PAUSED,
            by="trainer",
            attempt=lease.attempt,
            hold="disk",
        )


def resumed(database: Database, tmp_path: Path) -> list[UUID]:
    """What the manager queues, with a disk that has room."""
    with database.connection() as connection:
        return resume_where_there_is_room(connection, Home(tmp_path))


def let_pass(database: Database, seconds: float) -> None:
    """Everything that was said is so much older."""
    with database.connection() as connection:
        connection.execute("UPDATE run_states SET time = time - make_interval(secs => %s)", [seconds])


def claimed(database: Database) -> Lease:
    lease = claim(database)
    assert lease is not None
    return lease


def held_in_vain(database: Database, tmp_path: Path, times: int) -> Lease:
    """A run that was held so often, and after each time but the last went on without getting anywhere."""
    _, lease = started_run(database)
    hold(database, lease)
    for _ in range(times - 1):
        let_pass(database, 601)
        assert resumed(database, tmp_path) == [lease.run_id]
        lease = claimed(database)
        hold(database, lease)
    return lease


def test_a_held_run_is_tried_again_after_a_few_seconds(database: Database, tmp_path: Path):
    """A disk that was full for a moment costs a moment."""
    lease = held_in_vain(database, tmp_path, times=1)

    before = resumed(database, tmp_path)
    let_pass(database, 5)

    assert before == []
    assert resumed(database, tmp_path) == [lease.run_id]


def test_a_run_that_finds_the_disk_full_each_time_waits_longer_each_time(database: Database, tmp_path: Path):
    """Bytes may be free and still not suffice: for a larger checkpoint, for its quota, for want of inodes."""
    lease = held_in_vain(database, tmp_path, times=6)

    let_pass(database, 159)
    before = resumed(database, tmp_path)
    let_pass(database, 1)

    assert before == []
    assert resumed(database, tmp_path) == [lease.run_id]


def test_nothing_waits_for_ever(database: Database, tmp_path: Path):
    """Ten minutes at most after somebody has made room, and nobody has to come back for it."""
    lease = held_in_vain(database, tmp_path, times=12)

    let_pass(database, 600)

    assert resumed(database, tmp_path) == [lease.run_id]


def test_a_checkpoint_that_was_written_since_makes_the_wait_short_again(database: Database, tmp_path: Path):
    """It got on: what was full has had room meanwhile."""
    held_in_vain(database, tmp_path, times=6)
    let_pass(database, 601)
    resumed(database, tmp_path)
    lease = claimed(database)
    stored = [{"name": "last", "kind": "last", "created_at": datetime.now(UTC).isoformat()}]
    with database.connection() as connection:
        write_batches(connection, [batch(lease, RunFact("checkpoints", stored))])
    hold(database, lease)

    let_pass(database, 5)

    assert resumed(database, tmp_path) == [lease.run_id]


def test_a_person_who_resumes_it_makes_the_wait_short_again(database: Database, tmp_path: Path):
    """They have made room, or believe so; what was before counts no more."""
    lease = held_in_vain(database, tmp_path, times=6)
    with database.connection() as connection:
        change_state(connection, run_id=lease.run_id, state=RunState.QUEUED, by="ada")
    hold(database, claimed(database))

    let_pass(database, 5)

    assert resumed(database, tmp_path) == [lease.run_id]
