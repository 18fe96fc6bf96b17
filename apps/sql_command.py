"""What `nntracker sql` prints."""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from nntracker_ray.plain_values import plain


def print_rows(columns: list[str], rows: list[tuple[Any, ...]], *, as_json: bool, as_csv: bool) -> None:
    """The answer as a table, or as scripts want it."""
    if as_json:
        named = [dict(zip(columns, plain(row), strict=True)) for row in rows]
        print(json.dumps({"columns": columns, "rows": named}, indent=2, allow_nan=False))
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows(plain(row) for row in rows)
    else:
        table = Table(*(Column(Text(name)) for name in columns), box=SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*(Text("" if value is None else str(plain(value))) for value in row))
        Console().print(table)
