"""Rows for COPY are packed by hand; each promise here is one of PostgreSQL's documented formats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from nntracker_ray.storage.binary_copy import (
    float8_array_field,
    int4_array_field,
    microseconds,
    storable,
    text_field,
)


def test_times_count_microseconds_since_2000_in_utc():
    """A time with another zone is the same moment; one without is taken as UTC."""
    moment = datetime(2000, 1, 1, 1, 0, 0, 5, tzinfo=UTC)

    assert microseconds(moment) == 3_600_000_005
    assert microseconds(moment.astimezone(timezone(timedelta(hours=-7)))) == 3_600_000_005
    assert microseconds(moment.replace(tzinfo=None)) == 3_600_000_005


@pytest.mark.parametrize(
    ("text", "stored"), [("loss", "loss"), ("a\x00b", "a\ufffdb"), ("x\udfff", "x?"), ("é", "é")]
)
def test_text_is_made_storable(text: str, stored: str):
    """PostgreSQL refuses NUL and lone surrogates; a refused row would be sent again for ever."""
    assert storable(text) == stored
    assert text_field(text) == len(stored.encode()).to_bytes(4, "big") + stored.encode()


def test_an_empty_array_has_no_dimensions():
    """The shape of a single number."""
    assert int4_array_field([]) == (12).to_bytes(4, "big") + bytes(8) + (23).to_bytes(4, "big")


def test_an_array_of_numbers_has_a_length_before_each():
    """One dimension, no NULLs, type 701, two numbers counted from 1; then each with its length."""
    head = (1, 0, 701, 2, 1)
    data = b"".join(word.to_bytes(4, "big") for word in head)
    data += b"".join((8).to_bytes(4, "big") + np.array(one, ">f8").tobytes() for one in (-0.0, 0.1))

    assert float8_array_field(np.array([-0.0, 0.1])) == len(data).to_bytes(4, "big") + data
