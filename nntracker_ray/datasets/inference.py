"""What a column is: Int, Float, Label (text) or Binary, with the figures that people look at before training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.datasets.parts import TextValues
from nntracker_ray.errors import DatasetError

PREVIEW_ROWS = 5
UNIQUE_COUNTED_UP_TO = 10_000_000  # rows; sorting more takes seconds
_BLOCK_VALUES = 1 << 20
_BINARY = {0, 1}


class ColumnKind(StrEnum):
    """What a column holds."""

    INT = "Int"  # integers
    FLOAT = "Float"  # floats
    LABEL = "Label"  # text
    BINARY = "Binary"  # booleans, or integers of which all are 0 or 1


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of a table, or one array of an NPZ."""

    name: str
    kind: ColumnKind
    dtype: str  # "float32"; "text"
    shape: tuple[int, ...]  # rows first; () for a single number in an NPZ
    unique: (
        int | None
    )  # distinct values, missing not counted; None for arrays of several axes and very long columns
    missing: int  # cells without a value: NaN, or absent text
    infinite: int  # cells that hold inf or -inf
    minimum: float | int | None  # of the finite values; None for text and where there is none
    maximum: float | int | None
    preview: tuple[
        float | int | bool | str | None, ...
    ]  # the first few cells of a one-dimensional column, None missing


def describe_text(name: str, values: TextValues) -> ColumnInfo:
    """The facts of a text column."""
    codes = values.codes
    return ColumnInfo(
        name=name,
        kind=ColumnKind.LABEL,
        dtype="text",
        shape=(len(codes),),
        unique=len(values.categories),
        missing=int((codes < 0).sum()),
        infinite=0,
        minimum=None,
        maximum=None,
        preview=tuple(
            values.categories[code] if code >= 0 else None for code in codes[:PREVIEW_ROWS].tolist()
        ),
    )


def describe_numbers(name: str, values: NDArray[Any]) -> ColumnInfo:
    """The facts of an array of numbers, read block by block so that it may be larger than memory.

    Raises: DatasetError: Booleans whose bytes are neither 0 nor 1.
    """
    if values.dtype == bool and values.size and values.view(np.uint8).max() > 1:
        raise DatasetError(f"{name!r} is damaged: booleans that are neither true nor false")
    tally = _Tally()
    for block in _blocks(values):
        tally.add(block)
    unique = _unique(values)
    return ColumnInfo(
        name=name,
        kind=_kind(values, tally),
        dtype=values.dtype.name,
        shape=values.shape,
        unique=unique,
        missing=tally.missing,
        infinite=tally.infinite,
        minimum=tally.minimum,
        maximum=tally.maximum,
        preview=tuple(map(_shown, values[:PREVIEW_ROWS].tolist())) if values.ndim == 1 else (),
    )


@dataclass(slots=True)
class _Tally:
    missing: int = 0
    infinite: int = 0
    minimum: float | int | None = None
    maximum: float | int | None = None

    def add(self, block: NDArray[Any]) -> None:
        if block.dtype.kind == "f":
            self.missing += int(np.isnan(block).sum())
            self.infinite += int(np.isinf(block).sum())
            block = block[np.isfinite(block)]
        if block.size:
            low, high = block.min().item(), block.max().item()
            self.minimum = low if self.minimum is None else min(self.minimum, low)
            self.maximum = high if self.maximum is None else max(self.maximum, high)


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    flat = values.reshape(-1)
    return (flat[start : start + _BLOCK_VALUES] for start in range(0, flat.size, _BLOCK_VALUES))


def _kind(values: NDArray[Any], tally: _Tally) -> ColumnKind:
    if values.dtype.kind == "f":
        return ColumnKind.FLOAT
    if values.dtype == bool or (values.ndim == 1 and {tally.minimum, tally.maximum} == _BINARY):
        return ColumnKind.BINARY
    return ColumnKind.INT


def _unique(values: NDArray[Any]) -> int | None:
    if values.ndim != 1 or values.size > UNIQUE_COUNTED_UP_TO:
        return None
    return int(np.unique(values[~np.isnan(values)] if values.dtype.kind == "f" else values).size)


def _shown(value: Any) -> Any:
    """JSON has neither NaN nor infinities."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
