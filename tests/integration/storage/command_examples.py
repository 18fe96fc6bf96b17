"""Commands, words of trainers and things done at once, for the contract of commands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nntracker_ray.commands import CommandRow, Outcome, Selection, Verb
from nntracker_ray.records import Lease, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import (
    find_command,
    find_run,
)
from nntracker_ray.storage.writes import (
    change_state,
    submit_command,
    write_batches,
)
from tests.integration.storage import examples_of_records as examples

ARGUMENTS = {Verb.EXTEND: {"epochs": 5}, Verb.PRIORITISE: {"priority": 3}}
MAKE_NEW_RUNS = {Verb.FORK, Verb.RERUN}


def order(database: Database, owner_id: UUID, verb: Verb, *runs: UUID, **given: Any) -> CommandRow:
    """Command these runs, in a transaction of its own."""
    values = {"selection": Selection(run_ids=runs), "arguments": ARGUMENTS.get(verb), "by": "ada", **given}
    with database.connection() as connection:
        return submit_command(connection, actor_id=owner_id, verb=verb, **values)


def say(database: Database, lease: Lease, state: RunState, **given: Any) -> RunState:
    """A trainer's word."""
    with database.connection() as connection:
        return change_state(
            connection, run_id=lease.run_id, state=state, by="trainer", attempt=lease.attempt, **given
        )


def put(database: Database, run_id: UUID, state: RunState, silent_for_s: float = 0) -> None:
    """Set a state without asking anybody."""
    with database.connection() as connection:
        connection.execute(
            "UPDATE runs SET state = %s, attempt = 1, heartbeat_at = now() - make_interval(secs => %s)"
            " WHERE run_id = %s",
            [state.value, silent_for_s, run_id],
        )


def state_of(database: Database, owner_id: UUID, run_id: UUID) -> RunState:
    with database.connection() as connection:
        return find_run(connection, viewer_id=owner_id, run_id=run_id).state


def outcome(database: Database, owner_id: UUID, row: CommandRow) -> tuple[Outcome, str]:
    """What has become of a command for its only run."""
    with database.connection() as connection:
        (target,) = find_command(connection, actor_id=owner_id, command_id=row.command_id).targets
    return target.outcome, target.why


def count(database: Database, table: str) -> int:
    with database.connection() as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do things in threads at the same moment; what each returned or raised."""
    results: list[Any] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def do(place: int, work: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=do, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


TABLES_OF_RUNS = (
    "metrics",
    "metric_arrays",
    "run_last_metrics",
    "weight_arrays",
    "run_facts",
    "run_states",
    "run_tags",
    "run_log",
    "adaptations",
)


def left_of(database: Database, table: str, run_no: int) -> int:
    with database.connection() as connection:
        found = connection.execute(f"SELECT count(*) FROM {table} WHERE run_no = %s", [run_no])  # noqa: S608
        return found.fetchone()[0]


def fill(database: Database, lease: Lease) -> None:
    """One record of each kind."""
    with database.connection() as connection:
        write_batches(connection, [examples.batch(lease, *examples.one_of_each())])
