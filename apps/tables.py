"""The one look of tables in the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table


def slim_table() -> Table:
    """A table with a line under its head and as little air between columns as can be read."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
