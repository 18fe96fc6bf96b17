"""What `nntracker rm` says and asks before anything is lost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.prompt import Confirm
from rich.table import Table
from rich.text import Text

from apps.outcomes import MOST_LINES
from apps.state_words import state_text
from apps.tables import slim_table
from nntracker_ray.commands import Selection, nothing_matches
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.records import RunRow
from nntracker_ray.session import Session
from nntracker_ray.storage import queries
from nntracker_ray.storage.work_queries import DeletionCost


@dataclass(frozen=True, slots=True)
class Doomed:
    """A run and what is lost with it."""

    row: RunRow
    cost: DeletionCost

    @property
    def bytes(self) -> int:
        """In the database and on the disk, without what takes little room."""
        return self.cost.captured_bytes + self.cost.checkpoint_bytes


def confirmed(session: Session, selection: Selection) -> Selection | None:
    """Show what will be lost and ask.

    Returns: the runs that were shown, as far as they are still in the states asked for; None for a no.
    Raises: BadInputError: Nobody is there to answer.
    """
    doomed = read_doomed(session, selection)
    console = Console(stderr=True)
    console.print(_doomed_table(doomed[:MOST_LINES], console))
    console.print(_in_all(doomed), soft_wrap=True)
    if not sys.stdin.isatty():
        raise BadInputError("nothing was deleted: there is no terminal to ask; --yes deletes without asking")
    if not Confirm.ask("Delete for good?", console=console, default=False):
        return None
    shown = tuple(one.row.run_id for one in doomed)
    return Selection(shown, states=selection.states, said=selection.said)


def read_doomed(session: Session, selection: Selection) -> list[Doomed]:
    """The runs selected and what is lost with each. Raises: NotFoundError: None is selected."""
    viewer_id = session.user_id
    with session.database.connection() as conn:
        rows = queries.select_runs(conn, viewer_id=viewer_id, selection=selection)
        if not rows:
            raise NotFoundError(nothing_matches(selection))
        ids = [row.run_id for row in rows]
        costs = {one.run_id: one for one in queries.cost_of_deletion(conn, viewer_id=viewer_id, run_ids=ids)}
    return [Doomed(row, costs[row.run_id]) for row in rows if row.run_id in costs]


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
            Text(one.row.name),
            state_text(one.row.state, console),
            str(one.row.epochs_done),
            str(one.cost.captures),
            megabytes(one.bytes),
            str(one.cost.forks or "-"),
        )
    return table


def _in_all(doomed: Sequence[Doomed]) -> Text:
    epochs = sum(one.row.epochs_done for one in doomed)
    forks = sum(one.cost.forks for one in doomed)
    size = megabytes(sum(one.bytes for one in doomed))
    count = f"{len(doomed)} run{'s' if len(doomed) != 1 else ''}"
    stay = "1 fork stays, with the history that it inherited."
    if forks > 1:
        stay = f"{forks:,} forks stay, with the history that they inherited."
    kept = f" {stay}" if forks else ""
    return Text(f"{count}, {epochs} epochs, {size} will be lost, also from the disk.{kept}", style="bold")
