"""What writing and reading of records have in common: versions, numbers of kinds, and arrays as plain values."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.records import little_endian

VERSION: Final = 3
# 1 knew no adaptations and no log lines, 2 no arrays of metrics; an update finds both in spools.
READABLE: Final = (1, 2, 3)
METRIC, CAPTURE, FACT, PROGRESS, ADAPTATION, LINE, METRIC_ARRAY = range(7)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

_KINDS: Final = (np.bool_, np.float16, np.float32, np.float64, np.complex64, np.complex128)
_INTEGERS: Final = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_SMALL_FLOATS: Final = (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2)
_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    kind.name: kind for kind in (np.dtype(name) for name in (*_KINDS, *_INTEGERS, *_SMALL_FLOATS))
}


def array_fields(array: NDArray[Any], whose: str) -> list[Any]:
    """Dtype, shape and bytes. Raises: TypeError: The array holds what is no number; `whose` says which it is."""
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"{whose} has dtype {array.dtype}; allowed: {', '.join(_DTYPES)}")
    # bfloat16 offers no buffer of its own, bytes do; a view costs no copy of a large array.
    raw = little_endian(array).reshape(-1).view(np.uint8)
    return [array.dtype.name, list(array.shape), raw.data]


def array_of(dtype: str, shape: tuple[int, ...], raw: Any) -> NDArray[Any]:
    """The array back, read-only. Raises: LookupError, ValueError: The fields do not fit together."""
    kind = _DTYPES[dtype]
    fits = type(raw) is bytes and len(raw) == math.prod(shape) * kind.itemsize
    if not fits or min(shape, default=0) < 0:
        raise ValueError(f"an array of {dtype} and shape {shape} does not have these bytes")
    return np.frombuffer(raw, dtype=kind.newbyteorder("<")).reshape(shape)
