"""What is streamed to a chart is what would be drawn anew, at the cost of what is new."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.figures import CurveView, Tail, curve_series

values = st.lists(
    st.floats(-1e3, 1e3) | st.sampled_from([float("nan"), float("inf"), float("-inf"), 0.0]),
    min_size=2,
    max_size=30,
)


def series_of(measured: list[float], view: CurveView, inherited: int):
    epochs = np.arange(len(measured))
    frame = pd.DataFrame(
        {"run_id": "r", "metric": "loss", "epoch": epochs, "value": measured, "inherited": epochs < inherited}
    )
    (found,) = curve_series(frame, "loss", view=view)
    return found


@given(values, st.data(), st.sampled_from([0.0, 0.6, 0.9]), st.booleans())
def test_a_tail_adds_what_drawing_anew_would_show(measured, data, smoothing, log):
    """Live and loaded again, a chart is the same."""
    view = CurveView(smoothing=smoothing, log=log)
    cut = data.draw(st.integers(1, len(measured) - 1))
    inherited = data.draw(st.integers(0, cut))
    whole = series_of(measured, view, inherited)
    tail = Tail.of(series_of(measured[:cut], view, inherited), weight=smoothing, log=log)

    line, calm, marks = tail.take(list(range(cut, len(measured))), measured[cut:])

    added = len(measured) - cut
    np.testing.assert_array_equal(line["value"], whole.values[-added:])
    assert marks["epoch"] == [epoch for epoch in whole.lost_epochs.tolist() if epoch >= cut]
    if smoothing:
        np.testing.assert_allclose(calm["value"], whole.smooth_values[-added:], rtol=1e-9, atol=1e-9)
    assert tail.last == len(measured) - 1
