"""One dataset in the store: what is known of it, and its columns mapped into memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray
from pydantic import ValidationError

from nntracker_ray.datasets.inference import ColumnInfo
from nntracker_ray.datasets.parts import CheckedPart, TextValues, mapped, text_values
from nntracker_ray.errors import DatasetError, did_you_mean
from nntracker_ray.records import from_json

ORIGINAL_FILE = "original"  # the bytes as given: for downloading, and for reading again by a later version
COLUMNS_FILE = "columns.bin"  # NPY parts, see `parts`
RECORD_FILE = "dataset.json"
FORMAT = 1

Kind = Literal["arrays", "table"]


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column and where it lies in the columns file."""

    info: ColumnInfo
    parts: tuple[CheckedPart, ...]  # one for numbers, three for text


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """The content of a dataset's record file."""

    digest: str
    name: str
    kind: Kind
    source_format: str  # "npz", "csv", ...
    rows: int
    columns: tuple[StoredColumn, ...]
    notes: tuple[str, ...]
    confinement: dict[
        str, Any
    ]  # which locks held while the file was read: {"holding": [...], "missing": {...}}
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class StoredDataset:
    """A dataset that was read and kept."""

    digest: str  # SHA-256 of the file's bytes, hex
    name: str  # file name, for people
    kind: Kind  # "arrays": an NPZ; "table": columns of equal length
    rows: int  # of a table, or of every array; the longest where arrays differ
    columns: tuple[ColumnInfo, ...]
    folder: Path
    notes: tuple[str, ...] = field(
        default=()
    )  # decisions made while reading: "the first column ... was left out"

    @property
    def original(self) -> Path:
        """The file as it was given, byte for byte."""
        return self.folder / ORIGINAL_FILE

    def column(self, name: str) -> ColumnInfo:
        """Raises: DatasetError: No such column; the message lists those that are there."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise DatasetError(f"{self.name}: {self._unknown(name)}")
        return found

    def values(self, name: str) -> NDArray[Any] | TextValues:
        """The column's content, read-only, mapped into memory. Raises: DatasetError: No such column."""
        self.column(name)
        stored = next(column for column in read_record(self.folder).columns if column.info.name == name)
        path = self.folder / COLUMNS_FILE
        return mapped(path, stored.parts[0]) if len(stored.parts) == 1 else text_values(path, stored.parts)

    def _unknown(self, name: str) -> str:
        what = "array" if self.kind == "arrays" else "column"
        known = [column.name for column in self.columns]
        return f"no {what} {name!r}; there are: {listed(known)}. {did_you_mean(name, known)}".rstrip()


def listed(names: list[str], most: int = 30) -> str:
    """The names, joined; the first few and a count where there are many."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def read_record(folder: Path) -> DatasetRecord:
    """The record of the dataset in the folder. Raises: DatasetError: Written by a version that is not known here."""
    try:
        record = from_json(DatasetRecord, (folder / RECORD_FILE).read_bytes())
    except ValidationError as error:
        raise DatasetError(
            f"{folder}: the dataset's record cannot be read; remove the folder and add it again"
        ) from error
    if record.format != FORMAT:
        raise DatasetError(f"{folder}: stored in format {record.format}; this version knows {FORMAT}")
    return record


def stored_dataset(record: DatasetRecord, folder: Path) -> StoredDataset:
    """The record as others see it."""
    columns = tuple(column.info for column in record.columns)
    return StoredDataset(record.digest, record.name, record.kind, record.rows, columns, folder, record.notes)
