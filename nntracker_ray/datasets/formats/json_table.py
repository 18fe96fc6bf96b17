"""JSON tables by column: {"a": [1, 2], "b": ["x", "y"]}, or as pandas writes: {"a": {"0": 1, "1": 2}, ...}."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats.python_lists import add_list
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.errors import DatasetError, UnsafeFileError

_FORM = 'expected a table by column, {"a": [1, 2], "b": [3, 4]}'


def read(source: BinaryIO, writer: ColumnWriter, limits: Limits) -> None:
    """Every column, in the file's order."""
    table = _parsed(source, limits)
    columns = {name: _values(name, column) for name, column in table.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    first = next(iter(lengths))
    for name, length in lengths.items():
        if length != lengths[first]:
            raise DatasetError(f"column {name!r} has {length:,} rows, but {first!r} has {lengths[first]:,}")
    if sum(lengths.values()) > limits.cells or len(columns) > limits.columns:
        raise UnsafeFileError(
            f"a table of {lengths[first]:,} x {len(columns):,}; allowed are {limits.columns:,} columns "
            f"and {limits.cells:,} cells"
        )
    labels = _row_labels(table)
    for name, column in table.items():
        if isinstance(column, dict) and list(column) != labels:
            columns[name] = _in_order(name, column, labels)
    for name, values in columns.items():
        add_list(name, values, writer)


def specimen() -> bytes:
    """A small good file."""
    return (
        b'{"a": {"0": 1, "1": null}, "b": {"0": "x", "1": "y"}, "c": [[1, 2.5], [3, 4]], "d": [true, false]}'
    )


def _parsed(source: BinaryIO, limits: Limits) -> dict[str, Any]:
    text = source.read(limits.parsed_text_bytes + 1)
    if len(text) > limits.parsed_text_bytes:
        raise UnsafeFileError(
            f"JSON of more than {limits.parsed_text_bytes:,} bytes; save the table as NPZ or CSV"
        )
    try:
        table = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_without_doubles)
    except RecursionError as error:
        raise UnsafeFileError("the JSON is nested too deeply; " + _FORM) from error
    except ValueError as error:
        raise DatasetError(f"the file is no JSON: {error}") from error
    if not isinstance(table, dict) or not table:
        what = f"a list of {len(table)}" if isinstance(table, list) else "nothing"
        raise DatasetError(f"the JSON holds {what}; {_FORM}")
    return table


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise DatasetError(
            f"the JSON names {double[:60]!r} twice in one object; give every column and row its own name"
        )
    return found


def _values(name: str, column: Any) -> list[Any]:
    if isinstance(column, dict):
        return list(column.values())
    if isinstance(column, list):
        return column
    raise DatasetError(f"{name[:60]!r} is {type(column).__name__}, no column; {_FORM}")


def _row_labels(table: dict[str, Any]) -> list[str]:
    return next((list(column) for column in table.values() if isinstance(column, dict)), [])


def _in_order(name: str, column: dict[str, Any], labels: list[str]) -> list[Any]:
    if set(column) != set(labels):
        stray = sorted(set(column) ^ set(labels))[0]
        raise DatasetError(
            f"column {name!r} and the first one name different rows: {stray[:60]!r} is in one of them only"
        )
    return [column[label] for label in labels]
