"""Numbers as text that gives back every bit, NaN's included, and that pandas and C read as well."""

from __future__ import annotations

import math
import re
import struct
from typing import Final

_BITS: Final = struct.Struct(">Q")
_FLOAT: Final = struct.Struct(">d")
_SIGN: Final = 1 << 63
_PLAIN_NAN: Final = 0x7FF8000000000000
_OTHER_NAN: Final = re.compile(r"nan\(0x([0-9a-f]{16})\)")


def number_text(value: float) -> str:
    """The shortest text of a number. A NaN other than the usual two shows its bits, as C's strtod writes them.

    >>> number_text(0.1), number_text(float("-inf"))
    ('0.1', '-inf')
    """
    if not math.isnan(value):
        return repr(value)
    (bits,) = _BITS.unpack(_FLOAT.pack(value))
    return {_PLAIN_NAN: "nan", _PLAIN_NAN | _SIGN: "-nan"}.get(bits, f"nan(0x{bits:016x})")


def number_from(text: str) -> float:
    """The number back from `number_text`. Raises: ValueError: It is none."""
    if text == "-nan":
        return _of_bits(_PLAIN_NAN | _SIGN)
    if match := _OTHER_NAN.fullmatch(text):
        value = _of_bits(int(match[1], 16))
        if not math.isnan(value):
            raise ValueError(f"{text!r} is no NaN")
        return value
    return float(text)


def _of_bits(bits: int) -> float:
    value: float = _FLOAT.unpack(_BITS.pack(bits))[0]
    return value
