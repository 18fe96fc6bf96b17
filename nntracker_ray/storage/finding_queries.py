"""What a person means by a word: a run by number, name or id; an experiment; and the words that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from nntracker_ray.errors import BadInputError, NotFoundError, did_you_mean
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

FEW = 6  # as many as a message can list
LARGEST_NUMBER = 2**31 - 1
Kind = Literal["run", "experiment", "tag"]


@dataclass(frozen=True, slots=True)
class Called:
    """A run that a word may mean."""

    run_no: int
    run_id: UUID
    name: str
    experiment: str
    rank: int  # 0: by number, 1: by name, 2: by the beginning of its id


def run_called(conn: Connection, *, viewer_id: UUID, word: str) -> UUID:
    """The one run that a word means: its number, its whole name, or the beginning of its id (4 characters at least).

    Raises:
        NotFoundError: None of the viewer's is called so; the nearest name is told.
        BadInputError: Several are; their numbers are told.
    """
    number = int(word) if word.isdecimal() and int(word) <= LARGEST_NUMBER else None
    values = {"viewer_id": viewer_id, "word": word, "run_no": number, "few": FEW}
    found = [Called(*row) for row in conn.execute(query("runs_called"), values)]
    best = [one for one in found if one.rank == found[0].rank]
    if not best:
        raise NotFoundError(_none_called("run", word, known_names(conn, viewer_id=viewer_id, kind="run")))
    if len(best) > 1:
        choices = ", ".join(f"{one.run_no} ({one.name!r} of {one.experiment!r})" for one in best)
        raise BadInputError(f"{word!r} means several runs; give a number: {choices}")
    return best[0].run_id


def experiment_called(conn: Connection, *, viewer_id: UUID, word: str) -> UUID:
    """The one experiment that a word means: its whole name, or the beginning of its id (4 characters at least).

    Raises:
        NotFoundError: None of the viewer's is called so; the nearest name is told.
        BadInputError: Several are; the beginnings of their ids are told.
    """
    values = {"viewer_id": viewer_id, "word": word, "few": FEW}
    found: list[tuple[UUID, str, datetime, int]] = conn.execute(
        query("experiments_called"), values
    ).fetchall()
    best = [row for row in found if row[3] == found[0][3]]
    if not best:
        names = known_names(conn, viewer_id=viewer_id, kind="experiment")
        raise NotFoundError(_none_called("experiment", word, names))
    if len(best) > 1:
        choices = ", ".join(f"{str(row[0])[:8]} ({row[1]!r}, {row[2]:%Y-%m-%d %H:%M})" for row in best)
        raise BadInputError(f"{word!r} means several experiments; give the beginning of an id: {choices}")
    return best[0][0]


def known_names(
    conn: Connection, *, viewer_id: UUID, kind: Kind, start: str = "", few: int = 200
) -> list[str]:
    """Names of the viewer's runs, experiments or tags that begin with some letters, newest first."""
    values = {"viewer_id": viewer_id, "kind": kind, "start": start, "few": few}
    return [name for (name,) in conn.execute(query("known_names"), values)]


def all_run_ids(conn: Connection, *, owner_id: UUID) -> list[UUID]:
    """Ids of every run of the owner, newest first."""
    return [run_id for (run_id,) in conn.execute(query("all_run_ids"), {"owner_id": owner_id})]


def _none_called(what: str, word: str, names: Sequence[str]) -> str:
    hint = did_you_mean(word, names)
    return f"no {what} is called {word!r}. {hint or '`nntracker ls` lists what there is.'}"
