"""`nntracker logs`: what a run printed, warned of and logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from apps.selection import one_run
from nntracker_ray.following import at_rest, changes
from nntracker_ray.plain_values import plain
from nntracker_ray.session import Session
from nntracker_ray.storage import queries
from nntracker_ray.storage.tables import lines_of

PAGE = 1000  # lines fetched at once
_STYLES = {"warning": "yellow", "stderr": "red", "log": "cyan", "stdout": ""}

Line = dict[str, Any]  # attempt, line_no, time, source, level, text


def print_log(session: Session, word: str, *, follow: bool, tail: int | None, as_json: bool) -> None:
    """Print the lines in the order they were made, and with `follow` those that still come.

    Raises: NotFoundError, BadInputError: No run is meant by the word, or several are.
    """
    run_id = one_run(session, word)
    console = Console()
    shown = list(_lines_after(session, run_id, None))
    _print(shown[-tail:] if tail else shown, console, as_json=as_json)
    if follow:
        with suppress(KeyboardInterrupt):
            _follow(session, run_id, shown[-1] if shown else None, console, as_json=as_json)


def _follow(session: Session, run_id: UUID, last: Line | None, console: Console, *, as_json: bool) -> None:
    for _ in changes(session.database, "nntracker_runs"):
        # Read before the lines: what a run says last may come with the news that it has ended.
        with session.database.connection() as conn:
            rests = at_rest(queries.find_run(conn, viewer_id=session.user_id, run_id=run_id))
        fresh = list(_lines_after(session, run_id, last))
        _print(fresh, console, as_json=as_json)
        last = fresh[-1] if fresh else last
        if rests:
            return


def _lines_after(session: Session, run_id: UUID, last: Line | None) -> Iterator[Line]:
    while True:
        after = (last["attempt"], last["line_no"]) if last else None
        with session.database.connection() as conn:
            page = lines_of(
                queries.log_lines(conn, viewer_id=session.user_id, run_id=run_id, after=after, limit=PAGE)
            )
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]


def _print(shown: list[Line], console: Console, *, as_json: bool) -> None:
    for line in shown:
        if as_json:
            print(json.dumps(plain(line), allow_nan=False), flush=True)
        else:
            console.print(_line_text(line), soft_wrap=True)


def _line_text(line: Line) -> Text:
    label = line["level"] or line["source"]
    # What a training printed may hold anything; it must not move the cursor or change the title.
    text = "".join(
        character if character.isprintable() or character == "\t" else "�" for character in line["text"]
    )
    return Text.assemble(
        (f"{line['time']:%H:%M:%S} ", "dim"), (f"{label:<8}", _STYLES.get(line["source"], "")), " ", text
    )
