"""Histograms and other arrays of metrics out of an archive, checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.archive.checked_zip import CheckedArchive
from nntracker_ray.archive.metric_array_files import EDGES, metric_array_name
from nntracker_ray.archive.npz_reader import Expected, known_dtype, npz_arrays
from nntracker_ray.archive.run_file import MetricArrayLine
from nntracker_ray.errors import BadInputError
from nntracker_ray.wire import MOST_ARRAY_BYTES


@dataclass(frozen=True, slots=True, eq=False)
class ImportedMetricArray:
    """One array of a metric."""

    about: MetricArrayLine
    values: NDArray[Any]
    edges: NDArray[np.float64] | None


def metric_arrays_of(
    archive: CheckedArchive, path: str, lines: Sequence[MetricArrayLine]
) -> Iterator[ImportedMetricArray]:
    """The arrays of one NPZ. Raises: BadInputError: It does not hold what these lines say.

    Args:
        lines: Of the index, all that are of this file.
    """
    by_name = {metric_array_name(line): line for line in lines}
    if len(by_name) != len(lines):
        raise BadInputError(f"{path} has two arrays of one place")
    with archive.open(path) as file:
        arrays = npz_arrays(file, _expected(by_name, path), where=path, limits=archive.limits)
        for name, values in arrays:
            about = by_name[name]
            yield ImportedMetricArray(about, values, next(arrays)[1] if about.is_histogram else None)


def _expected(by_name: dict[str, MetricArrayLine], path: str) -> Expected:
    """Edges stand behind their counts."""
    expected: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    for name, line in by_name.items():
        dtype = known_dtype(line.dtype)
        if math.prod(line.shape) * dtype.itemsize > MOST_ARRAY_BYTES:
            raise BadInputError(f"{path} has an array above {MOST_ARRAY_BYTES:,} bytes: {name[:200]}")
        expected[name] = (dtype.name, line.shape)
        if line.is_histogram:
            expected[name + EDGES] = ("float64", (line.shape[0] + 1,))
    return expected
