"""Changes and printed lines of a run, as every backend must keep them: each once, those of the training that counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from nntracker_ray.errors import NotFoundError
from nntracker_ray.records import Adaptation, Batch, Lease, LogLine, RunFact
from nntracker_ray.storage.adaptation_queries import adaptations
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.log_queries import log_lines
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import (
    NOON,
    batch,
    claim,
    specs,
    started_run,
    submit,
)


def change(step: int, new: float = 0.01, old: float = 0.1, **given: Any) -> Adaptation:
    at = {"epoch": step // 10, "measured_at": NOON + timedelta(seconds=step), **given}
    return Adaptation("learning_rate", step=step, old=old, new=new, cause="step: x 0.1 every 10 epochs", **at)


def line(line_no: int, text: str = "hello", **given: Any) -> LogLine:
    at = {"source": "stdout", "level": "", "measured_at": NOON + timedelta(seconds=line_no), **given}
    return LogLine(line_no, text=text, **at)


def began(step: int) -> RunFact:
    return RunFact(f"began_at_step_{step}", {"epochs_done": step // 10, "batches_done": 0})


def write(database: Database, *batches: Batch) -> None:
    with database.connection() as connection:
        write_batches(connection, batches)


def changes(database: Database, owner_id: Any, lease: Lease) -> list[tuple[int, float]]:
    with database.connection() as connection:
        found = adaptations(connection, viewer_id=owner_id, run_id=lease.run_id)
    return list(zip(found["step"], found["new"], strict=True))


def lines(database: Database, owner_id: Any, lease: Lease, **given: Any) -> list[tuple[int, int, str]]:
    with database.connection() as connection:
        found = log_lines(connection, viewer_id=owner_id, run_id=lease.run_id, **given)
    return list(zip(found["attempt"], found["line_no"], found["text"], strict=True))


class TestAdaptations:
    def test_a_change_keeps_its_bits_and_its_cause(self, database: Database):
        """Below 1e-5 a tolerance would hide every change."""
        owner_id, lease = started_run(database)
        made = change(100, old=1e-9, new=float.fromhex("0x1.12e0be826d695p-31"))

        write(database, batch(lease, made))

        with database.connection() as connection:
            found = adaptations(connection, viewer_id=owner_id, run_id=lease.run_id)
        row = {name: values[0] for name, values in found.items()}
        assert (row["old"], row["new"], row["cause"]) == (made.old, made.new, made.cause)
        assert (row["epoch"], row["time"], row["attempt"]) == (10, made.measured_at, 1)

    def test_sending_it_again_changes_nothing(self, database: Database):
        """A connection may die after the commit."""
        owner_id, lease = started_run(database)
        sent = batch(lease, change(100), change(200, new=0.001))

        write(database, sent, sent)
        write(database, sent)

        assert changes(database, owner_id, lease) == [(100, 0.01), (200, 0.001)]

    def test_an_attempt_that_repeats_a_step_leaves_one_record(self, database: Database):
        """A killed run trains some epochs twice, and changes its rate twice at one place."""
        owner_id, lease = started_run(database)
        earlier, later = batch(lease, change(100)), batch(lease, began(50), change(100), attempt=2)

        write(database, later)
        write(database, earlier)

        assert changes(database, owner_id, lease) == [(100, 0.01)]

    def test_a_change_that_a_later_attempt_went_back_behind_does_not_count(self, database: Database):
        """On another machine a plateau may fall on another epoch; the first course is no part of the training."""
        first = [change(50, new=0.05), change(100)]
        second = [began(70), change(110, new=0.02)]
        for order in permutations(range(3)):
            owner_id, lease = started_run(database, run_id=uuid4(), experiment_id=uuid4())
            parts = [batch(lease, *first), batch(lease, *second, attempt=2), batch(lease, *second, attempt=2)]

            for place in order:
                write(database, parts[place])

            assert changes(database, owner_id, lease) == [(50, 0.05), (110, 0.02)]

    def test_a_change_at_the_very_step_of_a_checkpoint_is_decided_anew(self, database: Database):
        """The checkpoint of an epoch's end is older than the change that begins the next epoch."""
        owner_id, lease = started_run(database)

        write(database, batch(lease, change(100)), batch(lease, began(100), attempt=2))

        assert changes(database, owner_id, lease) == []

    def test_a_fork_inherits_what_its_ancestors_changed_before_it(self, database: Database):
        """A plot joins the inherited history to the new part."""
        owner_id = submit(database, specs(3))
        leases = [claim(database) for _ in range(3)]
        oldest, parent, fork = (lease for lease in leases if lease is not None)
        write(
            database,
            batch(oldest, *(change(step) for step in (10, 20, 30, 40))),
            batch(parent, change(40, new=0.5)),
            batch(fork, change(60, new=0.6)),
        )

        for lease, ancestor, steps in ((parent, oldest, 40), (fork, parent, 30)):
            with database.connection() as connection:
                connection.execute(
                    "UPDATE runs SET parent_no = %s, inherited_steps = %s WHERE run_no = %s",
                    [ancestor.run_no, steps, lease.run_no],
                )

        assert changes(database, owner_id, parent) == [(10, 0.01), (20, 0.01), (30, 0.01), (40, 0.5)]
        assert changes(database, owner_id, fork) == [(10, 0.01), (20, 0.01), (60, 0.6)]

    def test_a_strangers_run_is_not_there(self, database: Database):
        """The owner is bound inside every question."""
        _, lease = started_run(database)

        with database.connection() as connection, pytest.raises(NotFoundError):
            adaptations(connection, viewer_id=uuid4(), run_id=lease.run_id)


class TestLog:
    def test_lines_come_in_order_over_the_attempts(self, database: Database):
        """A traceback is read from top to bottom."""
        owner_id, lease = started_run(database)

        write(database, batch(lease, line(0, "again"), attempt=2))
        write(database, batch(lease, line(1, "second"), line(0, "first")))

        assert lines(database, owner_id, lease) == [(1, 0, "first"), (1, 1, "second"), (2, 0, "again")]

    def test_sending_them_again_changes_nothing(self, database: Database):
        """A connection may die after the commit."""
        owner_id, lease = started_run(database)
        sent = batch(lease, line(0), line(1, "a NUL \0 in it", source="stderr"))

        write(database, sent, sent)
        write(database, sent)
        write(database, batch(lease, line(1, "a NUL \0 in it", source="stderr"), line(2)))

        assert lines(database, owner_id, lease) == [(1, 0, "hello"), (1, 1, "a NUL � in it"), (1, 2, "hello")]

    def test_a_follower_gets_only_what_it_lacks(self, database: Database):
        """A live log asks once a second."""
        owner_id, lease = started_run(database)
        write(database, batch(lease, *map(line, range(5))), batch(lease, line(0), attempt=2))

        found = lines(database, owner_id, lease, after=(1, 2), limit=2)
        rest = lines(database, owner_id, lease, after=(1, 4))

        assert [place[:2] for place in found] == [(1, 3), (1, 4)]
        assert [place[:2] for place in rest] == [(2, 0)]

    def test_a_line_keeps_its_source_level_and_time(self, database: Database):
        """A warning is told from what the model prints."""
        owner_id, lease = started_run(database)
        made = replace(line(3), source="log", level="WARNING")

        write(database, batch(lease, made))

        with database.connection() as connection:
            found = log_lines(connection, viewer_id=owner_id, run_id=lease.run_id)
        assert (found["source"], found["level"], found["time"]) == (["log"], ["WARNING"], [made.measured_at])

    def test_a_strangers_run_is_not_there(self, database: Database):
        """The owner is bound inside every question."""
        _, lease = started_run(database)

        with database.connection() as connection, pytest.raises(NotFoundError):
            log_lines(connection, viewer_id=uuid4(), run_id=lease.run_id)
