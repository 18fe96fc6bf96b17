"""Arrays and columns as NPZ files: how they travel between web server and client. Nothing in them is pickled."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Columns: TypeAlias = Mapping[str, Sequence[Any] | NDArray[Any]]
DTYPE = ".dtype"  # name of a dtype that NumPy's files do not know: "values.dtype"
WORDS = ".words"  # the different words of a column of text, whose values are their places


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays by name as one file; also those of dtypes that ml_dtypes adds, such as bfloat16."""
    written: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        if array.dtype.kind != "V":
            written[name] = array
            continue
        written[name] = np.ascontiguousarray(array).view(np.dtype(f"u{array.dtype.itemsize}"))
        written[name + DTYPE] = np.array(array.dtype.name)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **written)
    return file.getvalue()


def read_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays back from `write_arrays`. Raises: ValueError: It is no such file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    dtypes = {name.removesuffix(DTYPE): str(found.pop(name)) for name in list(found) if name.endswith(DTYPE)}
    return {
        name: array.view(np.dtype(getattr(ml_dtypes, dtypes[name]))) if name in dtypes else array
        for name, array in found.items()
    }


def write_columns(columns: Columns) -> bytes:
    """Columns of one length; text and ids are stored once each, however often they occur."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, column in columns.items():
        array = np.asarray(column)
        if array.dtype.kind in "OU":
            words, places = np.unique(np.array([str(word) for word in column], "U"), return_inverse=True)
            arrays[name], arrays[name + WORDS] = places.astype(np.int32), words
        else:
            arrays[name] = array
    return write_arrays(arrays)


def read_columns(data: bytes) -> dict[str, NDArray[Any]]:
    """The columns back from `write_columns`, ids as text. Raises: ValueError: It is no such file."""
    found = read_arrays(data)
    return {
        name: found[name + WORDS].astype(object)[array] if name + WORDS in found else array
        for name, array in found.items()
        if not name.endswith(WORDS)
    }
