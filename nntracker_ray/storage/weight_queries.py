"""Captured weights, back as the arrays they were or reduced to what a plot can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.arrays import dtype_of
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.extremes import evenly_spaced, extreme_places
from nntracker_ray.storage.lineage_queries import Stretch, lineage
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.tables import Columns, joined


def weight_arrays(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> list[dict[str, Any]]:
    """Which arrays of a run are stored, in the order of the model.

    Returns: layer_index, layer_name, tensor, dtype, shape (list), epochs (list, ascending) of each.
    Raises: NotFoundError: No such run, or not the viewer's.
    """
    epochs_by_array: dict[tuple[Any, ...], list[int]] = {}
    for stretch in lineage(conn, viewer_id=viewer_id, run_id=run_id):
        for *array, shape, epochs in conn.execute(query("weight_arrays"), stretch.captures):
            epochs_by_array.setdefault((*array, tuple(shape)), []).extend(epochs)
    names = ("layer_index", "layer_name", "tensor", "dtype")
    return [
        {**dict(zip(names, array, strict=True)), "shape": list(shape), "epochs": epochs}
        for (*array, shape), epochs in sorted(epochs_by_array.items(), key=lambda item: item[0][:3])
    ]


def layer_weights(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_id: UUID,
    layer: str,
    tensor: str,
    epochs: Sequence[int] | None = None,
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """One array at every epoch it was captured.

    Args:
        epochs: Only at these; None: at all.
    Returns: epochs, shape (e,); values, shape (e, *shape), in the array's own dtype.
    Raises: NotFoundError: No such run, layer or tensor, or not the viewer's.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    wanted = None if epochs is None else list(epochs)
    captures = list(_captures(conn, stretches, layer, tensor, epochs=wanted))
    if not captures:
        raise _no_such_array(run_id, layer, tensor)
    return np.array([epoch for epoch, _ in captures]), np.stack([array for _, array in captures])


def reduced_weights(
    conn: Connection, *, viewer_id: UUID, run_id: UUID, layer: str, tensor: str, max_points: int
) -> Columns:
    """One array over its epochs in at most `max_points` points; the least and greatest of every stretch are among them.

    With more captures than half the points, evenly spaced epochs are shown, the first and last among them.

    Returns: epoch, index (place in the flattened array, C order), value (float64).
    Raises: NotFoundError: No such run, layer or tensor, or not the viewer's.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    found = [epoch for stretch in stretches for epoch in _epochs(conn, stretch, layer, tensor)]
    if not found:
        raise _no_such_array(run_id, layer, tensor)
    chosen = evenly_spaced(found, count=max(1, max_points // 2))
    epochs, places, values = [], [], []
    for epoch, array in _captures(conn, stretches, layer, tensor, epochs=chosen):
        flat = array.reshape(-1)
        kept = extreme_places(flat, max_points // len(chosen))
        epochs.append(np.full(len(kept), epoch))
        places.append(kept)
        values.append(flat[kept].astype(np.float64))
    return {
        "epoch": joined(epochs, "int64"),
        "index": joined(places, "int64"),
        "value": joined(values, "float64"),
    }


def capture_of_epoch(
    conn: Connection, *, viewer_id: UUID, run_id: UUID, epoch: int
) -> dict[str, NDArray[Any]]:
    """Every array captured at the end of an epoch, by "layer/tensor", in the order of the model.

    Raises: NotFoundError: No such run, not the viewer's, or nothing was captured at this epoch.
    """
    parts: list[tuple[Any, ...]] = []
    for stretch in lineage(conn, viewer_id=viewer_id, run_id=run_id):
        values = {**stretch.captures, "epoch": epoch}
        parts += conn.execute(query("capture_parts"), values, binary=True).fetchall()
    if not parts:
        raise NotFoundError(f"run {run_id} has no capture at epoch {epoch}; /layers lists the epochs it has")
    return {
        f"{layer}/{tensor}": _array([row[2:] for row in rows])
        for (layer, tensor), rows in groupby(parts, key=lambda row: row[:2])
    }


def captures_of_array(
    conn: Connection, *, viewer_id: UUID, run_id: UUID, layer: str, tensor: str, most_values: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """(epoch, array) one after the other, so that memory holds one at a time.

    Args:
        most_values: Of more numbers than this in all, evenly spaced epochs are given, the first and last among them.
    Raises: NotFoundError: No such run, layer or tensor, or not the viewer's.
    """
    stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    epochs = [epoch for stretch in stretches for epoch in _epochs(conn, stretch, layer, tensor)]
    if not epochs:
        raise _no_such_array(run_id, layer, tensor)
    first = next(_captures(conn, stretches, layer, tensor, epochs=epochs[:1]))[1]
    for epoch in evenly_spaced(epochs, count=max(2, most_values // max(1, first.size))):
        yield from _captures(conn, stretches, layer, tensor, epochs=[epoch])


def _array(parts: Sequence[tuple[Any, ...]]) -> NDArray[Any]:
    dtypes, shapes, pieces = zip(*parts, strict=True)
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return np.frombuffer(data, dtype_of(dtypes[0])).reshape(shapes[0])


def _epochs(conn: Connection, stretch: Stretch, layer: str, tensor: str) -> list[int]:
    values = {**stretch.captures, "layer": layer, "tensor": tensor}
    return [epoch for (epoch,) in conn.execute(query("weight_epochs"), values)]


def _captures(
    conn: Connection, stretches: Sequence[Stretch], layer: str, tensor: str, *, epochs: list[int] | None
) -> Iterator[tuple[int, NDArray[Any]]]:
    """(epoch, array) in order of epochs; the arrays are views of what the database sent."""
    for stretch in stretches:
        values = {**stretch.captures, "layer": layer, "tensor": tensor, "epochs": epochs}
        rows = conn.execute(query("layer_weights"), values, binary=True)
        for epoch, parts in groupby(rows, key=lambda row: int(row[0])):
            yield epoch, _array([part[2:] for part in parts])


def _no_such_array(run_id: UUID, layer: str, tensor: str) -> NotFoundError:
    return NotFoundError(f"run {run_id} has no captured array {tensor!r} of a layer {layer!r}")
