"""What training reports, into the tables, so that sending it again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from nntracker_ray.records import Batch, Progress, RunFact
from nntracker_ray.storage import json_values
from nntracker_ray.storage.adaptation_writes import write_adaptations
from nntracker_ray.storage.binary_copy import storable
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.fork_writes import correct_fork
from nntracker_ray.storage.log_writes import write_log
from nntracker_ray.storage.metric_array_writes import write_metric_arrays
from nntracker_ray.storage.metric_writes import write_metrics
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.weight_writes import write_weights


def write_batches(conn: Connection, batches: Sequence[Batch]) -> None:
    """Merge batches of any runs and attempts, in any order, any number of times: the tables end the same.

    For one place in a table the later attempt wins, within an attempt the later measurement. A batch of a run that
    was deleted is dropped. Every run touched is announced on channel nntracker_runs, once, at commit.

    Raises: DatabaseAwayError: Nothing of it is stored; send it again.
    """
    known = _lock_known_runs(conn, {batch.run_no for batch in batches})
    of_known = [batch for batch in batches if batch.run_no in known and batch.records]
    if not of_known:
        return
    write_metrics(conn, of_known)
    write_metric_arrays(conn, of_known)
    write_weights(conn, of_known)
    write_log(conn, of_known)
    write_adaptations(conn, of_known)
    _write_facts(conn, of_known)
    _write_progress(conn, of_known)
    conn.execute(query("announce_runs"), {"run_nos": sorted({batch.run_no for batch in of_known})})


def _lock_known_runs(conn: Connection, run_nos: set[int]) -> set[int]:
    """Keep the runs from being deleted meanwhile; heartbeats and state changes go on."""
    return {run_no for (run_no,) in conn.execute(query("lock_known_runs"), {"run_nos": sorted(run_nos)})}


def _write_facts(conn: Connection, batches: Sequence[Batch]) -> None:
    facts: dict[tuple[int, str], tuple[int, str]] = {}
    for batch in sorted(batches, key=lambda batch: batch.attempt):
        for record in batch.records:
            if isinstance(record, RunFact):
                facts[batch.run_no, storable(record.key)] = (
                    batch.attempt,
                    json_values.dumps(record.value),
                )
    for (run_no, key), (attempt, value) in sorted(facts.items()):
        conn.execute(query("merge_fact"), {"run_no": run_no, "key": key, "attempt": attempt, "value": value})


def _write_progress(conn: Connection, batches: Sequence[Batch]) -> None:
    furthest: dict[int, tuple[int, int, int]] = {}
    for batch in batches:
        for record in batch.records:
            if isinstance(record, Progress):
                reached = (batch.attempt, record.steps_done, record.epochs_done)
                furthest[batch.run_no] = max(reached, furthest.get(batch.run_no, reached))
    forks = _begun_forks(batches)
    for run_no in sorted(forks | furthest.keys()):  # in order: two writers must not wait for each other
        if run_no in forks:
            correct_fork(conn, run_no)
        if run_no in furthest:
            attempt, steps_done, epochs_done = furthest[run_no]
            values = {"run_no": run_no, "attempt": attempt, "epochs_done": epochs_done}
            conn.execute(query("advance_progress"), values | {"steps_done": steps_done})


def _begun_forks(batches: Sequence[Batch]) -> set[int]:
    """Those that say where they begin."""
    return {
        batch.run_no
        for batch in batches
        for record in batch.records
        if isinstance(record, RunFact) and record.key == "forked_from"
    }
