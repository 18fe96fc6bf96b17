"""Numbers as text lose nothing."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.archive.exact_numbers import number_from, number_text


def bits(value: float) -> int:
    return struct.unpack(">Q", struct.pack(">d", value))[0]


@given(st.integers(0, 2**64 - 1))
def test_every_number_comes_back_with_every_bit(pattern):
    """A NaN may carry a payload, and zero a sign: an archive must not decide that they do not matter."""
    value = struct.unpack(">d", struct.pack(">Q", pattern))[0]

    assert bits(number_from(number_text(value))) == pattern


@pytest.mark.parametrize("value", [0.1, -0.0, 1e300, float("inf"), float("-inf")])
def test_other_programs_read_the_text(value):
    """The file is for people first."""
    assert float(number_text(value)) == value


@pytest.mark.parametrize("text", ["", "nan(0x3ff0000000000000)", "nan(5)", "one", "0x1p3"])
def test_what_is_no_number_is_refused(text):
    """A hostile archive could hide a number behind the form of a NaN."""
    with pytest.raises(ValueError):
        number_from(text)


def test_both_usual_nans_are_words():
    """Processors make the one with a sign, Python the one without."""
    assert (number_text(math.nan), number_text(-math.nan)) == ("nan", "-nan")
