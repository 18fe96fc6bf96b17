"""The names that a pickled DataFrame may refer to: what pandas 1.5, 2 and 3 and NumPy 1 and 2 write, no more.

Every name maps to one object, so that a pickle cannot choose among a module's contents: "pandas DataFrame" is
allowed, "pandas DataFrame.eval" and "pandas.io.pickle read_pickle" are not. Found by recording every name asked for
by frames of all supported column kinds, indexes and pickle protocols 0-5.
"""

from __future__ import annotations

import copyreg
import datetime
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

_CORE = "pandas.core"


def allowed_globals() -> dict[tuple[str, str], Any]:
    """(module, name) as written in the pickle -> the object it stands for."""
    return {**_python_names(), **_numpy_names(), **_pandas_names(), **_arrow_names()}


def latin1_bytes(text: str, encoding: str) -> bytes:
    """`_codecs.encode` as protocols 0-2 use it, for bytes; other codecs would load modules."""
    if encoding != "latin1":
        raise ValueError(f"encoding {encoding!r}; allowed is 'latin1'")
    return text.encode("latin1")


def _python_names() -> dict[tuple[str, str], Any]:
    names: dict[tuple[str, str], Any] = {
        ("_codecs", "encode"): latin1_bytes,
        ("datetime", "timedelta"): datetime.timedelta,
        ("datetime", "timezone"): datetime.timezone,
        ("pytz", "_UTC"): lambda: datetime.UTC,
    }
    for builtins, copyreg_name in (("builtins", "copyreg"), ("__builtin__", "copy_reg")):
        names |= {(builtins, kind.__name__): kind for kind in (slice, bytes, bytearray, object)}
        names[copyreg_name, "_reconstructor"] = getattr(copyreg, "_reconstructor")  # noqa: B009 - not in its stubs
    return names


def _numpy_names() -> dict[tuple[str, str], Any]:
    names: dict[tuple[str, str], Any] = {("numpy", "dtype"): np.dtype, ("numpy", "ndarray"): np.ndarray}
    for module, name in (
        ("multiarray", "_reconstruct"),
        ("multiarray", "scalar"),
        ("numeric", "_frombuffer"),
    ):
        found = getattr(import_module(f"numpy._core.{module}"), name)
        names |= {(f"{core}.{module}", name): found for core in ("numpy.core", "numpy._core")}
    return names


def _pandas_names() -> dict[tuple[str, str], Any]:
    functions = (
        ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"),
        ("pandas._libs.internals", "_unpickle_block"),
        ("pandas._libs.tslibs.offsets", "Day"),
        (f"{_CORE}.indexes.base", "_new_Index"),
        (f"{_CORE}.indexes.datetimes", "_new_DatetimeIndex"),
        (f"{_CORE}.internals.managers", "BlockManager"),
        ("pandas._libs.missing", "NA"),
        ("pandas", "NA"),
    )
    names = {(module, name): getattr(import_module(module), name) for module, name in functions}
    # pandas 1 had an index class for each number type; today's Index holds them all.
    names |= {
        (f"{_CORE}.indexes.numeric", f"{kind}Index"): pd.Index for kind in ("Int64", "UInt64", "Float64")
    }
    for module, kinds in _pandas_classes().items():
        for kind in kinds:
            names |= {(place, kind.__name__): kind for place in ("pandas", "pandas.arrays", module)}
    return names


def _pandas_classes() -> dict[str, tuple[type, ...]]:
    integers = (pd.Int8Dtype, pd.Int16Dtype, pd.Int32Dtype, pd.Int64Dtype)
    unsigned = (pd.UInt8Dtype, pd.UInt16Dtype, pd.UInt32Dtype, pd.UInt64Dtype)
    return {
        f"{_CORE}.frame": (pd.DataFrame,),
        f"{_CORE}.indexes.base": (pd.Index,),
        f"{_CORE}.indexes.range": (pd.RangeIndex,),
        f"{_CORE}.indexes.datetimes": (pd.DatetimeIndex,),
        f"{_CORE}.dtypes.dtypes": (pd.CategoricalDtype, pd.DatetimeTZDtype),
        f"{_CORE}.arrays.boolean": (pd.arrays.BooleanArray, pd.BooleanDtype),
        f"{_CORE}.arrays.categorical": (pd.Categorical,),
        f"{_CORE}.arrays.datetimes": (pd.arrays.DatetimeArray,),
        f"{_CORE}.arrays.floating": (pd.arrays.FloatingArray, pd.Float32Dtype, pd.Float64Dtype),
        f"{_CORE}.arrays.integer": (pd.arrays.IntegerArray, *integers, *unsigned),
        f"{_CORE}.arrays.string_": (pd.arrays.StringArray, pd.StringDtype),
        f"{_CORE}.arrays.string_arrow": (pd.arrays.ArrowStringArray,),
    }


def _arrow_names() -> dict[tuple[str, str], Any]:
    names = ("_restore_array", "py_buffer", "type_for_alias", "chunked_array")
    return {("pyarrow.lib", name): getattr(import_module("pyarrow.lib"), name) for name in names}
