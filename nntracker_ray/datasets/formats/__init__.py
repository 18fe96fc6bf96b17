"""The readers, one a format. They run in the confined process only; each turns a file into columns.

A reader is a function `read(source, writer, limits)`: `source` is the open file, binary and seekable.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.sniff import Format

Reader = Callable[[BinaryIO, ColumnWriter, Limits], None]

_MODULES = {
    Format.NPZ: "npz",
    Format.CSV: "csv_table",
    Format.ARFF: "arff_table",
    Format.JSON: "json_table",
    Format.PICKLE: "pickled_frame",
    Format.ZIPPED_PICKLE: "zipped_frame",
}


def reader(kind: Format) -> tuple[Reader, bytes]:
    """The reader of a format, and a small good file of it. Loads what that format needs, nothing else.

    The confined process reads the specimen once before it locks itself in: after that nothing can be imported.
    """
    module = import_module(f"{__name__}.{_MODULES[kind]}")
    return module.read, module.specimen()
