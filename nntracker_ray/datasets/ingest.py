"""One file made into a dataset folder: read in the confined process, checked, described."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nntracker_ray.datasets.inference import ColumnInfo, describe_numbers, describe_text
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.parts import checked_part, mapped, text_values
from nntracker_ray.datasets.sandbox import ReadColumn, read_confined
from nntracker_ray.datasets.sniff import Format
from nntracker_ray.datasets.stored import (
    COLUMNS_FILE,
    ORIGINAL_FILE,
    RECORD_FILE,
    DatasetRecord,
    Kind,
    StoredColumn,
)
from nntracker_ray.errors import DatasetError
from nntracker_ray.records import to_json


def ingest(folder: Path, *, digest: str, name: str, limits: Limits) -> DatasetRecord:
    """Read the original in the folder; leave the columns and the record beside it.

    Raises: DatasetError, UnsafeFileError: It cannot or may not be read.
    """
    reading = read_confined(folder / ORIGINAL_FILE, folder / COLUMNS_FILE, limits)
    columns = tuple(_checked(folder / COLUMNS_FILE, column) for column in reading.columns)
    infos = [column.info for column in columns]
    kind: Kind = "arrays" if reading.kind is Format.NPZ else "table"
    if not columns:
        raise DatasetError(f"{reading.kind}: nothing in it; expected at least one column or array")
    _check_lengths(kind, infos)
    record = DatasetRecord(
        digest=digest,
        name=name,
        kind=kind,
        source_format=reading.kind.value,
        rows=max((info.shape[0] for info in infos if info.shape), default=0),
        columns=columns,
        notes=reading.notes,
        confinement=reading.measures,
    )
    (folder / RECORD_FILE).write_text(to_json(record))
    return record


def _checked(path: Path, column: ReadColumn) -> StoredColumn:
    if len(column.parts) != (3 if column.is_text else 1):
        raise DatasetError(
            f"the reader's result is damaged: column {column.name!r} has {len(column.parts)} parts"
        )
    with path.open("rb") as file:
        parts = tuple(checked_part(file, part) for part in column.parts)
    if column.is_text:
        return StoredColumn(describe_text(column.name, text_values(path, parts)), parts)
    return StoredColumn(describe_numbers(column.name, mapped(path, parts[0])), parts)


def _check_lengths(kind: Kind, infos: Sequence[ColumnInfo]) -> None:
    if kind == "table" and len({info.shape[:1] for info in infos}) != 1:
        raise DatasetError("the columns have different lengths; every row needs a cell in each")
