"""Arrays and columns travel as NPZ and come back as they were."""

from __future__ import annotations

from uuid import uuid4

import ml_dtypes
import numpy as np
import pytest

from nntracker_ray.npz import read_arrays, read_columns, write_arrays, write_columns


@pytest.mark.parametrize(
    "dtype", [np.float32, np.int64, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn], ids=str
)
def test_an_array_keeps_its_dtype_and_every_bit(dtype):
    """Weights that were rounded on the way would be somebody else's."""
    array = np.arange(12).reshape(3, 4).astype(dtype)

    back = read_arrays(write_arrays({"values": array}))["values"]

    assert back.dtype == array.dtype
    assert back.shape == (3, 4)
    assert back.tobytes() == array.tobytes()


def test_columns_keep_text_times_and_nan():
    """A curve that diverged must arrive as one."""
    run_id = uuid4()
    columns = {
        "run_id": np.array([run_id, run_id], object),
        "metric": ["löss", "accuracy"],
        "value": np.array([np.nan, 0.5]),
        "time": np.array(["2026-01-01T00:00:00.000001", "2026-01-02"], "datetime64[us]"),
    }

    back = read_columns(write_columns(columns))

    assert list(back["run_id"]) == [str(run_id)] * 2
    assert list(back["metric"]) == ["löss", "accuracy"]
    np.testing.assert_array_equal(back["value"], columns["value"])
    np.testing.assert_array_equal(back["time"], columns["time"])


def test_columns_without_a_line_stay_columns():
    """A run that has measured nothing yet is no error."""
    back = read_columns(write_columns({"run_id": np.empty(0, object), "value": np.empty(0)}))

    assert {name: len(column) for name, column in back.items()} == {"run_id": 0, "value": 0}


def test_a_pickled_object_is_refused():
    """What comes over a network must not run code."""
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays({"evil": np.array([object()], object)})
