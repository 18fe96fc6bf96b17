"""Whether imported runs may train here: an archive names data by digest, and anybody can write a digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nntracker_ray.commands import Decision, Outcome, Verb
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

TRAINING: Final = frozenset({Verb.RESUME, Verb.EXTEND, Verb.FORK, Verb.RERUN})
NOT_YOURS: Final = Decision(
    Outcome.REFUSED,
    why="it was imported, and its owner has no dataset here with the content that it was trained on; upload that first",
)


def within_data_rights(conn: Connection, verb: Verb, decided: Mapping[int, Decision]) -> dict[int, Decision]:
    """The decisions by number of the run; refused where it would train on data that its owner may not use."""
    if verb not in TRAINING:
        return dict(decided)
    run_nos = [run_no for run_no, one in decided.items() if one.outcome is not Outcome.REFUSED]
    return {**decided, **dict.fromkeys(without_data(conn, run_nos), NOT_YOURS)}


def without_data(conn: Connection, run_nos: Sequence[int]) -> list[int]:
    """Of these runs, those that were imported and need data that their owner may not use here."""
    rows = conn.execute(query("imported_runs_without_data"), {"run_nos": list(run_nos)})
    return [run_no for (run_no,) in rows]
