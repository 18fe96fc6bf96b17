"""What commands do to locked runs beside changing their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from nntracker_ray.commands import Verb
from nntracker_ray.records import JsonValue, Lease, to_json
from nntracker_ray.storage.child_configurations import ChildConfigurations
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.fork_writes import fork_run, rerun_run
from nntracker_ray.storage.run_queries import newest_leases
from nntracker_ray.storage.sql_files import query


def extend(conn: Connection, run_ids: Sequence[UUID], *, epochs: int) -> None:
    """Give runs more epochs on top of those they have."""
    longer = [_longer(lease, epochs) for lease in newest_leases(conn, run_ids)]
    conn.execute(query("extend_runs"), {"extended": f"[{','.join(longer)}]"})


def prioritise(conn: Connection, run_nos: Sequence[int], *, priority: int) -> None:
    """Move runs among their owner's own in the queue: the higher goes first."""
    conn.execute(query("prioritise_runs"), {"run_nos": list(run_nos), "priority": priority})


def drop_holds(conn: Connection, run_nos: Sequence[int]) -> None:
    """Let paused runs that would go on by themselves wait for a person."""
    conn.execute(query("drop_holds"), {"run_nos": list(run_nos)})


def new_run(
    conn: Connection,
    *,
    verb: Verb,
    actor_id: UUID,
    run_id: UUID,
    by: str,
    arguments: Mapping[str, JsonValue],
    command_id: UUID,
    configurations: ChildConfigurations,
) -> tuple[UUID, str]:
    """Fork or rerun a run. Returns: the new run's id and name."""
    make = fork_run if verb is Verb.FORK else rerun_run
    return make(
        conn,
        actor_id=actor_id,
        run_id=run_id,
        by=by,
        arguments=arguments,
        command_id=command_id,
        configurations=configurations,
    )


def _longer(lease: Lease, epochs: int) -> str:
    # As one text: psycopg would look at each letter of a list of texts.
    spec = replace(lease.spec, total_epochs=lease.spec.total_epochs + epochs)
    return f'{{"run_no": {lease.run_no}, "total": {spec.total_epochs}, "spec": {to_json(spec)}}}'
