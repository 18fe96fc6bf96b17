"""`nntracker logs`: what a run printed, warned of and logged."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from uuid import UUID

from rich.console import Console
from rich.text import Text

from nntracker_ray.client.api import Api
from nntracker_ray.client.following import changes
from nntracker_ray.client.reading import find_run, run_called
from nntracker_ray.client.recorded import LogLine, log_lines
from nntracker_ray.plain_values import plain
from nntracker_ray.states import at_rest

ALL_LINES = 2**62
_STYLES = {"warning": "yellow", "stderr": "red", "log": "cyan", "stdout": ""}


def print_log(api: Api, word: str, *, follow: bool, tail: int | None, as_json: bool) -> None:
    """Print the lines in the order they were made, and with `follow` those that still come.

    Raises: NotFoundError, BadInputError: No run is meant by the word, or several are.
    """
    run_id = run_called(api, word)
    console = Console()
    shown = _lines_after(api, run_id, None)
    _print(shown[-tail:] if tail else shown, console, as_json=as_json)
    if follow:
        with suppress(KeyboardInterrupt):
            _follow(api, run_id, shown[-1] if shown else None, console, as_json=as_json)


def _follow(api: Api, run_id: UUID, last: LogLine | None, console: Console, *, as_json: bool) -> None:
    for _ in changes(api):
        # Read before the lines: what a run says last may come with the news that it has ended.
        rests = at_rest(find_run(api, run_id))
        fresh = _lines_after(api, run_id, last)
        _print(fresh, console, as_json=as_json)
        last = fresh[-1] if fresh else last
        if rests:
            return


def _lines_after(api: Api, run_id: UUID, last: LogLine | None) -> list[LogLine]:
    return list(log_lines(api, run_id, after=last, limit=ALL_LINES))


def _print(shown: list[LogLine], console: Console, *, as_json: bool) -> None:
    for line in shown:
        if as_json:
            print(json.dumps(plain(asdict(line)), allow_nan=False), flush=True)
        else:
            console.print(_line_text(line), soft_wrap=True)


def _line_text(line: LogLine) -> Text:
    label = line.level or line.source
    # What a training printed may hold anything; it must not move the cursor or change the title.
    text = "".join(
        character if character.isprintable() or character == "\t" else "�" for character in line.text
    )
    return Text.assemble(
        (f"{line.time:%H:%M:%S} ", "dim"), (f"{label:<8}", _STYLES.get(line.source, "")), " ", text
    )
