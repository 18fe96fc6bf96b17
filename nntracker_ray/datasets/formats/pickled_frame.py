"""Pickled pandas DataFrames, by an unpickler that knows nothing but the parts of a DataFrame.

The allow-list keeps code out; that it runs in the confined process keeps mistakes in the list harmless.
"""

from __future__ import annotations

import pickle
from typing import IO, Any, BinaryIO

import numpy as np
import pandas as pd

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats.allowed_globals import allowed_globals
from nntracker_ray.datasets.formats.frame import add_frame
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.errors import DatasetError, UnsafeFileError

_ALLOWED = allowed_globals()


def read(source: BinaryIO, writer: ColumnWriter, limits: Limits) -> None:  # noqa: ARG001 - one signature for all readers
    """Every column of the pickled frame."""
    add_frame(unpickled_frame(source), writer)


def specimen() -> bytes:
    """A small good file with every kind of column, so that pandas has loaded what it loads late."""
    columns = {
        "a": np.array([1, 2]),
        "b": ["x", None],
        "c": pd.Categorical(["u", "v"]),
        "d": pd.to_datetime(["2020-01-01", "2020-01-02"], utc=True),
        "e": np.array(["x", None], dtype=object),
        "f": pd.array([1, None], dtype="Int64"),
        "g": pd.Series([np.zeros(2), np.ones(2)]),
        "h": [True, False],
    }
    return pickle.dumps(pd.DataFrame(columns), protocol=2)


def unpickled_frame(source: IO[bytes]) -> pd.DataFrame:
    """The DataFrame in the file.

    Raises: UnsafeFileError: It asks for a name outside the allow-list. DatasetError: Damaged, or no DataFrame.
    """
    try:
        found = _FrameUnpickler(source).load()
    except (UnsafeFileError, DatasetError, MemoryError, RecursionError):
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise DatasetError(f"the pickle cannot be read ({type(error).__name__}: {error})") from error
    if type(found) is not pd.DataFrame:
        raise DatasetError(f"the pickle holds {type(found).__name__}; allowed is a pandas DataFrame")
    return found


class _FrameUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise UnsafeFileError(
                f"the pickle asks for {module[:80]}.{name[:80]}, which is no part of a DataFrame of numbers, text, "
                "categories or dates; save the table as CSV or NPZ"
            )
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise UnsafeFileError(
            f"the pickle refers to something outside itself ({str(pid)[:80]!r}); save it as CSV"
        )
