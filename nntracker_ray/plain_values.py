"""Values as every JSON reader takes them: NaN and infinities by name, times in ISO 8601, ids as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from nntracker_ray.records import JsonValue


def plain(value: Any) -> JsonValue:
    """The value as JSON can hold it.

    JSON has no NaN; JavaScript's Number() and Python's float() both read these names back.

    >>> plain({"loss": float("nan"), "worst": float("-inf")})
    {'loss': 'NaN', 'worst': '-Infinity'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> JsonValue:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Decimal):
        return _plain_scalar(float(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | timedelta):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value
