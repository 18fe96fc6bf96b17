"""pandas DataFrames into columns. The row index is not kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats.python_lists import add_list
from nntracker_ray.datasets.parts import NUMBER_KINDS
from nntracker_ray.errors import DatasetError, UnsafeFileError

_ALLOWED = "allowed are numbers, booleans, text, categories, dates, and arrays of one shape"


def add_frame(frame: pd.DataFrame, writer: ColumnWriter) -> None:
    """Every column of the frame. Raises: DatasetError: Kinds that are not read, mixed cells, doubled names."""
    if frame.columns.nlevels != 1:
        raise DatasetError("the frame has several header levels; join them into one name a column")
    if frame.shape[0] * frame.shape[1] > writer.limits.cells or frame.shape[1] > writer.limits.columns:
        raise UnsafeFileError(
            f"a frame of {frame.shape[0]:,} x {frame.shape[1]:,}; allowed are {writer.limits.columns:,} columns "
            f"and {writer.limits.cells:,} cells"
        )
    for place, name in enumerate(frame.columns):
        add_series(str(name).strip(), frame.iloc[:, place], writer)


def add_series(name: str, series: pd.Series[Any], writer: ColumnWriter) -> None:
    """One column; missing values become NaN (numbers) or code -1 (text), dates become ISO text."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        add_series(name, series.astype(dtype.categories.dtype), writer)
    elif isinstance(dtype, np.dtype) and dtype.kind in NUMBER_KINDS:
        writer.add_numbers(name, series.to_numpy())
    elif isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        add_text(name, series.map(pd.Timestamp.isoformat, na_action="ignore"), writer)
    elif isinstance(dtype, pd.StringDtype):
        add_text(name, series, writer)
    elif dtype.kind in NUMBER_KINDS:
        writer.add_numbers(name, _plain_numbers(series))
    elif dtype.kind == "O":
        _add_objects(name, series, writer)
    else:
        raise DatasetError(f"column {name!r} has dtype {dtype}; {_ALLOWED}")


def add_text(name: str, series: pd.Series[Any], writer: ColumnWriter) -> None:
    """One column of text, coded by its distinct values in sorted order."""
    if hasattr(series.array, "_pa_array"):
        # Unpickled Arrow buffers are believed by every later call unless they are checked once in full.
        series.array._pa_array.validate(full=True)
    codes, categories = pd.factorize(series.astype(object), sort=True, use_na_sentinel=True)
    writer.add_text(name, codes, [str(text) for text in categories])


def _plain_numbers(series: pd.Series[Any]) -> NDArray[Any]:
    """A nullable column (Int64, Float32, boolean) in its NumPy dtype, or float64 where values are missing."""
    if not series.isna().any():
        return series.to_numpy(dtype=series.dtype.type)
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def _add_objects(name: str, series: pd.Series[Any], writer: ColumnWriter) -> None:
    missing = series.map(_is_missing).to_numpy(bool)
    cells = [None if gone else _plain(cell) for cell, gone in zip(series, missing, strict=True)]
    if any(isinstance(cell, np.ndarray) for cell in cells):
        writer.add_numbers(name, _stacked(name, cells))
    elif pd.api.types.infer_dtype(series, skipna=True) == "string":
        add_text(name, series, writer)
    else:
        add_list(name, cells, writer)


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell))


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell


def _stacked(name: str, cells: list[Any]) -> NDArray[Any]:
    """Images and vectors, one array a cell."""
    for row, cell in enumerate(cells):
        shape = getattr(cell, "shape", None)
        if shape != getattr(cells[0], "shape", ()) or cell.dtype.kind not in NUMBER_KINDS:
            raise DatasetError(
                f"column {name!r}, row {row}: {type(cell).__name__} of shape {shape}, but row 0 has "
                f"{getattr(cells[0], 'shape', None)}; {_ALLOWED}"
            )
    return np.stack(cells)
