"""What becomes of commands that waited for their runs to reach a state."""

from __future__ import annotations

from collections.abc import Sequence

from nntracker_ray.commands import Outcome, Verb, settled
from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.deletion_writes import delete_runs
from nntracker_ray.storage.sql_files import query


def settle(conn: Connection, run_nos: Sequence[int], state: RunState) -> None:
    """Settle the pending commands of locked runs that have just reached a state; carry out deletions that waited."""
    pending = conn.execute(query("pending_commands"), {"run_nos": list(run_nos)}).fetchall()
    for verb, _, waiting in pending:
        if become := settled(Verb(verb), state):
            settle_commands(conn, waiting, Verb(verb), *become)
    if state in AT_WORK:
        return
    for by, waiting in [(by, waiting) for verb, by, waiting in pending if verb == Verb.DELETE]:
        settle_commands(conn, waiting, Verb.DELETE, Outcome.DONE, "")
        delete_runs(conn, waiting, by=by)


def settle_commands(conn: Connection, run_nos: Sequence[int], verb: Verb, outcome: Outcome, why: str) -> None:
    """Say what pending commands of one verb have become for some runs."""
    values = {"run_nos": list(run_nos), "verb": verb.value, "outcome": outcome.value, "why": why}
    conn.execute(query("settle_commands"), values)
