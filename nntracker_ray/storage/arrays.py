"""NumPy arrays to and from PostgreSQL, without a Python object for each number."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import psycopg
from numpy.typing import DTypeLike, NDArray
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format

from nntracker_ray.errors import StorageError
from nntracker_ray.storage.connection import Connection

# What PostgreSQL's binary protocol sends before the elements of an array with one dimension: number of dimensions,
# whether there are NULLs, element type, length, lower bound. Source: PostgreSQL's array_send().
ARRAY_HEADER_BYTES = 20
POSTGRES_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")


def dtype_of(name: str) -> np.dtype[Any]:
    """The dtype of this name, NumPy's own or one of ml_dtypes ("bfloat16", "float8_e4m3fn", ...).

    Raises: StorageError: There is none.
    """
    if hasattr(ml_dtypes, name):
        own: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return own
    try:
        return np.dtype(name).newbyteorder("<")
    except TypeError:
        raise StorageError(
            f"an array of dtype {name!r} is stored, which neither NumPy nor ml_dtypes knows"
        ) from None


def numpy_cursor(connection: Connection) -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor whose int[], float8[] and timestamptz[] columns (one dimension, no NULLs) arrive as NumPy arrays.

    Times are datetime64[us] in UTC.
    """
    cursor = connection.cursor(binary=True)
    for type_name, loader in _LOADERS.items():
        array_oid = psycopg.postgres.types[type_name].array_oid
        cursor.adapters.register_loader(array_oid, loader)
    return cursor


def _elements(data: Buffer, dtype: DTypeLike) -> NDArray[Any]:
    item = np.dtype(dtype)
    # Each element is preceded by its length, 4 bytes.
    record = np.dtype([("length", ">i4"), ("value", item)])
    body = np.frombuffer(
        data, record, offset=min(ARRAY_HEADER_BYTES, len(data)) if len(data) > 12 else len(data)
    )
    return body["value"].astype(item.newbyteorder("="))


class _Int4Array(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[Any]:
        return _elements(data, ">i4")


class _Int8Array(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[Any]:
        return _elements(data, ">i8")


class _Float8Array(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[Any]:
        return _elements(data, ">f8")


class _TimeArray(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> NDArray[Any]:
        return POSTGRES_EPOCH + _elements(data, ">i8").astype("timedelta64[us]")


_LOADERS: dict[str, type[Loader]] = {
    "int4": _Int4Array,
    "int8": _Int8Array,
    "float8": _Float8Array,
    "timestamptz": _TimeArray,
}
