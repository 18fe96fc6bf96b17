"""CSV with a header row, by pandas' C parser once the scan has found nothing that would exhaust it.

Empty cells, NA, NaN, null, None and their kin (the list of `pandas.read_csv`) are missing.
"""

from __future__ import annotations

import warnings
from typing import BinaryIO

import numpy as np
import pandas as pd

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats.csv_scan import Header, check_body, read_header
from nntracker_ray.datasets.formats.frame import add_frame
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.errors import DatasetError


def read(source: BinaryIO, writer: ColumnWriter, limits: Limits) -> None:
    """Every column, in the file's order."""
    header = read_header(source, limits)
    check_body(source, header, limits)
    frame = _without_row_numbers(_parsed(source, header), header, writer)
    add_frame(frame, writer)


def specimen() -> bytes:
    """A small good file."""
    return b'a,b,c,d,e\n1,x,0.5,True,\n2,"y, z",,False,\n'


def _parsed(source: BinaryIO, header: Header) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            # pandas only warns when it cuts off the cells of a row that has more of them than the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                source,
                sep=header.delimiter,
                engine="c",
                encoding="utf-8-sig",
                index_col=False,
                low_memory=False,
                skipinitialspace=True,
            )
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"the file is not UTF-8 (byte {error.start} of a block); save it as UTF-8"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        raise DatasetError(
            f"the CSV cannot be read: {error}; every row needs {len(header.names)} cells"
        ) from error
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"the CSV cannot be read: {error}") from error


def _without_row_numbers(frame: pd.DataFrame, header: Header, writer: ColumnWriter) -> pd.DataFrame:
    """A frame saved with its index has a first column without a name, 0 .. n-1: no feature."""
    if header.names[0].strip():
        return frame
    if not np.array_equal(frame.iloc[:, 0].to_numpy(), np.arange(len(frame))):
        raise DatasetError("column 1 has no name in the header row; give every column one")
    writer.notes.append("the first column, unnamed and counting the rows from 0, was left out")
    return frame.iloc[:, 1:]
