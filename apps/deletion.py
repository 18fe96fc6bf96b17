"""What `nntracker rm` says and asks before anything is lost."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from apps.outcomes import MOST_LINES
from apps.state_words import state_text
from apps.tables import slim_table
from nntracker_ray.client.api import Api
from nntracker_ray.client.asking import Doomed, preview_deletion
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue


def confirmed(api: Api, selection: Mapping[str, JsonValue]) -> dict[str, JsonValue] | None:
    """Show what will be lost and ask.

    Returns: the runs that were shown, as far as they are still in the states asked for; None for a no.
    Raises: BadInputError: Nobody is there to answer. NotFoundError: No run is meant.
    """
    doomed = preview_deletion(api, selection).runs
    console = Console(stderr=True)
    console.print(_doomed_table(doomed[:MOST_LINES], console))
    console.print(_in_all(doomed), soft_wrap=True)
    if not sys.stdin.isatty():
        raise BadInputError("nothing was deleted: there is no terminal to ask; --yes deletes without asking")
    if not Confirm.ask("Delete for good?", console=console, default=False):
        return None
    kept = {name: selection[name] for name in ("states", "said") if name in selection}
    return {"run_ids": [str(one.run.run_id) for one in doomed], **kept}


def megabytes(size: int) -> str:
    """A size for people.

    >>> megabytes(123_456), megabytes(2_500_000_000)
    ('0.1 MB', '2,500.0 MB')
    """
    return f"{size / 1e6:,.1f} MB"


def _doomed_table(doomed: Sequence[Doomed], console: Console) -> Table:
    table = slim_table()
    table.add_column("run", overflow="fold", min_width=12)
    table.add_column("state", no_wrap=True)
    for heading in ("epochs", "captures", "size", "forks"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in doomed:
        table.add_row(
            Text(one.run.name),
            state_text(one.run.state, console),
            str(one.run.epochs_done),
            str(one.cost.captures),
            megabytes(one.bytes),
            str(one.cost.forks or "-"),
        )
    return table


def _in_all(doomed: Sequence[Doomed]) -> Text:
    epochs = sum(one.run.epochs_done for one in doomed)
    forks = sum(one.cost.forks for one in doomed)
    size = megabytes(sum(one.bytes for one in doomed))
    count = f"{len(doomed)} run{'s' if len(doomed) != 1 else ''}"
    stay = "1 fork stays, with the history that it inherited."
    if forks > 1:
        stay = f"{forks:,} forks stay, with the history that they inherited."
    kept = f" {stay}" if forks else ""
    return Text(f"{count}, {epochs} epochs, {size} will be lost, also from the disk.{kept}", style="bold")
