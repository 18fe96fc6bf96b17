"""Following an experiment from the database, woken by its notifications."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

from nntracker_ray.records import RunRow, RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database

SILENCE_S = 0.25  # how long to listen before looking up
SETTLE_S = 0.2  # notifications that come closer together are answered by one query
REFRESH_S = 5.0  # a notification sent while the connection was away is made up for by then


def experiment_runs(database: Database, *, owner_id: UUID, experiment_id: UUID) -> list[RunRow]:
    """Every run of an experiment, in grid order."""
    with database.connection() as conn:
        count = queries.count_runs(conn, owner_id=owner_id, experiment_id=experiment_id)
        return queries.list_runs(conn, owner_id=owner_id, experiment_id=experiment_id, limit=max(count, 1))


def follow_experiment(
    database: Database,
    *,
    owner_id: UUID,
    experiment_id: UUID,
    on_silence: Callable[[], None] = lambda: None,
) -> Iterator[list[RunRow]]:
    """The runs of an experiment now and after each change, until none will change by itself.

    Args:
        on_silence: Called a few times a second while nothing happens; may raise to end the wait.
    """
    changed, read_at = True, -REFRESH_S
    for notice in database.listen("nntracker_runs", timeout_s=SILENCE_S):
        changed = changed or notice is not None
        if notice is None:
            on_silence()
        age_s = time.monotonic() - read_at
        if age_s < (SETTLE_S if changed else REFRESH_S):
            continue
        runs = experiment_runs(database, owner_id=owner_id, experiment_id=experiment_id)
        changed, read_at = False, time.monotonic()
        yield runs
        if all(at_rest(run) for run in runs):
            return


def at_rest(run: RunRow) -> bool:
    """Whether nothing more happens to the run unless a person acts."""
    return run.state.is_final or run.state is RunState.PAUSED
