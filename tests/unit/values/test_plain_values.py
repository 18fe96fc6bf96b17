"""Values leave the house as JSON that every reader takes."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from nntracker_ray.plain_values import plain


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), np.float32("nan")])
def test_values_that_json_cannot_hold_come_back_from_their_names(value):
    """A loss that is NaN is a fact about the training; a reader must get it back, not an error."""
    text = json.dumps(plain(value), allow_nan=False)

    assert np.array_equal(float(json.loads(text)), float(value), equal_nan=True)


def test_arrays_ids_times_and_bytes_become_text_or_lists():
    """Whatever a query returns can be printed."""
    row = (np.arange(3), UUID(int=1), datetime(2026, 1, 2, tzinfo=UTC), b"\x01\xff", Decimal("1.5"))

    assert plain(row) == [
        [0, 1, 2],
        "00000000-0000-0000-0000-000000000001",
        "2026-01-02T00:00:00+00:00",
        "01ff",
        1.5,
    ]
