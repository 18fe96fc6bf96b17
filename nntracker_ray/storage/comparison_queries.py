"""What comparisons are worked out from: one metric of many runs, their parameters, weights of two runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.commands import Selection
from nntracker_ray.comparing.curves import Curve, curve_of, extended
from nntracker_ray.comparing.parameters import RunParameters
from nntracker_ray.comparing.weights import WeightDifference, subtract_weights
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.records import RunRow
from nntracker_ray.run_lists import RunFilter
from nntracker_ray.storage.arrays import numpy_cursor
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.extremes import evenly_spaced
from nntracker_ray.storage.run_queries import page_of_runs
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.weight_queries import layer_weights, weight_arrays

MOST_POINTS = 10_000_000  # of one comparison: 320 MB of arrays
MOST_ELEMENTS = 20_000_000  # of the weights of one run that are subtracted


def runs_to_compare(conn: Connection, *, viewer_id: UUID, selection: Selection) -> tuple[RunRow, ...]:
    """The runs that a selection means and the viewer may see, newest experiment first, then grid order.

    Raises: BadInputError: They have made too many epochs to be compared at once.
    """
    page = page_of_runs(conn, viewer_id=viewer_id, wanted=RunFilter(selection), limit=None)
    epochs = sum(row.epochs_done for row in page.rows)
    if epochs > MOST_POINTS:
        raise BadInputError(
            f"{len(page.rows):,} runs with {epochs:,} epochs; at most {MOST_POINTS:,} epochs can be compared at "
            "once. Narrow it down to an experiment, a tag or some runs"
        )
    return page.rows


def comparison_curves(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_ids: Sequence[UUID],
    metric: str,
    after_epoch: int = -1,
    with_places: bool = False,
) -> dict[UUID, Curve]:
    """One metric of many runs, by run; runs that lack it, or are not the viewer's to see, are left out.

    Args:
        metric: Full name: "val_accuracy".
        after_epoch: Only points of later epochs.
        with_places: Whether the curves have steps and times; without them they come sooner. Runs that have more
            than one value in an epoch, and forks, have them always: their order needs them.
    """
    values = {"viewer_id": viewer_id, "metric": metric, "after_epoch": after_epoch}
    found, unclear = _read_curves(conn, {**values, "run_ids": list(run_ids), "with_places": with_places})
    if unclear and not with_places:
        found |= _read_curves(conn, {**values, "run_ids": unclear, "with_places": True})[0]
    return found


def _read_curves(conn: Connection, values: dict[str, Any]) -> tuple[dict[UUID, Curve], list[UUID]]:
    """The curves by run, and the runs whose points have no order without steps."""
    rows = numpy_cursor(conn).execute(query("comparison_curves"), values).fetchall()
    found: dict[UUID, Curve] = {}
    unclear: dict[UUID, None] = {}
    # Of an ancestor's point and the run's own at one place the own counts: the later one.
    for run_id, inherited_epochs, is_own, epochs, *rest in sorted(rows, key=lambda row: bool(row[2])):
        part = _curve(run_id, inherited_epochs, epochs, *rest)
        found[run_id] = extended(found[run_id], part) if run_id in found else part
        if not is_own or len(part.epochs) < len(epochs) or (np.diff(part.epochs) == 0).any():
            unclear[run_id] = None
    return found, [*unclear]


def _curve(
    run_id: UUID,
    inherited_epochs: int,
    epochs: NDArray[Any],
    values: NDArray[Any],
    steps: NDArray[Any] | None,
    times: NDArray[Any] | None,
) -> Curve:
    count = len(epochs)
    known_steps = np.zeros(count, np.int64) if steps is None else steps
    known_times = np.full(count, "NaT", "datetime64[us]") if times is None else times
    return curve_of(run_id, epochs, known_steps, values, known_times, inherited_epochs)


def run_parameters(
    conn: Connection, *, viewer_id: UUID, rows: Sequence[RunRow], metric: str
) -> list[RunParameters]:
    """What runs were given, and the last value of a metric as their result."""
    values = {"viewer_id": viewer_id, "run_ids": [row.run_id for row in rows]}
    batch_sizes: dict[UUID, int] = dict(conn.execute(query("run_parameters"), values).fetchall())
    return [
        RunParameters(
            row.run_id,
            row.name,
            row.configuration,
            batch_sizes[row.run_id],
            row.fold,
            row.metrics.get(metric),
        )
        for row in rows
        if row.run_id in batch_sizes
    ]


def common_arrays(conn: Connection, *, viewer_id: UUID, run_id: UUID, minus: UUID) -> list[tuple[str, str]]:
    """(layer, tensor) of the arrays that two runs have captured alike, in the order of the first one's model.

    Raises: NotFoundError: One of them is not there, or not the viewer's to see.
    """
    left, right = (weight_arrays(conn, viewer_id=viewer_id, run_id=one) for one in (run_id, minus))
    known = {(a["layer_name"], a["tensor"], tuple(a["shape"])) for a in right}
    return [
        (a["layer_name"], a["tensor"])
        for a in left
        if (a["layer_name"], a["tensor"], tuple(a["shape"])) in known
    ]


def weight_difference(
    conn: Connection, *, viewer_id: UUID, run_id: UUID, minus: UUID, layer: str, tensor: str
) -> tuple[WeightDifference, int]:
    """One array of a run minus the same array of another, at the epochs at which both were captured.

    Returns: the difference, and at how many epochs both were captured: of large arrays evenly spaced ones are
        shown, the first and last among them.
    Raises:
        NotFoundError: No such run or array, or not the viewer's; or no epoch at which both were captured.
        BadInputError: Their shapes differ.
    """
    ours, theirs = (_array_info(conn, viewer_id, one, layer, tensor) for one in (run_id, minus))
    common = sorted({*ours[1]} & {*theirs[1]})
    if not common:
        raise NotFoundError(f"the two runs have no capture of {layer}/{tensor} at a common epoch")
    size = max(1, int(np.prod(ours[0], dtype=np.int64)), int(np.prod(theirs[0], dtype=np.int64)))
    chosen = evenly_spaced(common, max(2, MOST_ELEMENTS // size))
    left, right = (
        layer_weights(conn, viewer_id=viewer_id, run_id=one, layer=layer, tensor=tensor, epochs=chosen)[1]
        for one in (run_id, minus)
    )
    return subtract_weights(np.asarray(chosen, np.int64), left, right), len(common)


def _array_info(
    conn: Connection, viewer_id: UUID, run_id: UUID, layer: str, tensor: str
) -> tuple[tuple[int, ...], list[int]]:
    """Its shape, and the epochs at which it was captured."""
    for array in weight_arrays(conn, viewer_id=viewer_id, run_id=run_id):
        if (array["layer_name"], array["tensor"]) == (layer, tensor):
            return tuple(array["shape"]), array["epochs"]
    raise NotFoundError(f"run {run_id} has no captured array {tensor!r} of a layer {layer!r}")
