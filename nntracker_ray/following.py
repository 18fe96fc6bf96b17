"""Following what changes in the database, woken by its notifications."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

from nntracker_ray.commands import CommandRow
from nntracker_ray.records import RunRow
from nntracker_ray.states import at_rest
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database

SILENCE_S = 0.25  # how long to listen before looking up
SETTLE_S = 0.2  # notifications that come closer together are answered by one query
REFRESH_S = 5.0  # a notification sent while the connection was away is made up for by then


def experiment_runs(database: Database, *, viewer_id: UUID, experiment_id: UUID) -> list[RunRow]:
    """Every run of an experiment, in grid order."""
    with database.connection() as conn:
        count = queries.count_runs(conn, viewer_id=viewer_id, experiment_id=experiment_id)
        return queries.list_runs(conn, viewer_id=viewer_id, experiment_id=experiment_id, limit=max(count, 1))


def follow_experiment(
    database: Database,
    *,
    viewer_id: UUID,
    experiment_id: UUID,
    on_silence: Callable[[], None] = lambda: None,
) -> Iterator[list[RunRow]]:
    """The runs of an experiment now and after each change, until none will change by itself.

    Args:
        on_silence: Called a few times a second while nothing happens; may raise to end the wait.
    """
    for _ in changes(database, "nntracker_runs", on_silence=on_silence):
        runs = experiment_runs(database, viewer_id=viewer_id, experiment_id=experiment_id)
        yield runs
        if all(at_rest(run) for run in runs):
            return


def changes(
    database: Database, *channels: str, on_silence: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Once at first, then whenever one of the channels has spoken, and every few seconds in case it went unheard.

    Args:
        on_silence: As `follow_experiment` has it.
    """
    changed, looked_at = True, -REFRESH_S
    for notice in database.listen(*channels, timeout_s=SILENCE_S):
        changed = changed or notice is not None
        if notice is None:
            on_silence()
        age_s = time.monotonic() - looked_at
        if age_s < (SETTLE_S if changed else REFRESH_S):
            continue
        changed, looked_at = False, time.monotonic()
        yield


def follow_command(
    database: Database,
    *,
    actor_id: UUID,
    command_id: UUID,
    on_silence: Callable[[], None] = lambda: None,
) -> Iterator[CommandRow]:
    """A command now and after each of its outcomes, until none is pending.

    Args:
        on_silence: As `follow_experiment` has it.
    Raises: NotFoundError: No such command, or not the viewer's.
    """
    for _ in changes(database, "nntracker_commands", on_silence=on_silence):
        with database.connection() as conn:
            row = queries.find_command(conn, actor_id=actor_id, command_id=command_id)
        yield row
        if row.is_settled:
            return


__all__ = ["at_rest", "changes", "experiment_runs", "follow_command", "follow_experiment"]
