"""Histograms and other arrays of metrics as NPZ files, one for each epoch, and the index that says what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Final
from urllib.parse import quote

from nntracker_ray.archive.layout import metric_arrays_name
from nntracker_ray.archive.npz_files import NamedArray, index_of, npz_of, readable
from nntracker_ray.archive.run_file import MetricArrayLine
from nntracker_ray.archive.zip_stream import NewMember
from nntracker_ray.storage.archived_metric_arrays import ArchivedMetricArray, Numbers, StoredMetricArray

INDEX: Final = "metric-arrays.jsonl"
EDGES: Final = ".edges"
AT_ONCE: Final = 32  # arrays that are read and held at once, of 2 MiB each at most

ReadNumbers = Callable[[Sequence[StoredMetricArray]], Mapping[StoredMetricArray, Numbers]]


def metric_array_members(
    stored: Sequence[StoredMetricArray], *, place: Callable[[str], str], read: ReadNumbers
) -> Iterator[NewMember]:
    """An NPZ for each epoch, then the index of all.

    Args:
        stored: In order of epochs.
        place: Path of a file of the run.
        read: Gives the numbers of some arrays.
    """
    for epoch, arrays in groupby(stored, key=lambda one: one.array.epoch):
        yield NewMember(place(metric_arrays_name(epoch)), npz_of(partial(_named, list(arrays), read)))
    if stored:
        yield NewMember(place(INDEX), index_of([one.array for one in stored]))


def metric_array_name(array: ArchivedMetricArray | MetricArrayLine) -> str:
    """What it is called in its NPZ: `weights/histogram/dense_4/kernel/100`; no two have the same name."""
    last = (array.layer, array.tensor, str(array.step))
    return "/".join([quote(array.metric), *(quote(part, safe="") for part in last)])


def _named(arrays: Sequence[StoredMetricArray], read: ReadNumbers) -> Iterator[NamedArray]:
    for start in range(0, len(arrays), AT_ONCE):
        some = arrays[start : start + AT_ONCE]
        numbers = read(some)
        for one in some:
            name, found = metric_array_name(one.array), numbers[one]
            yield name, readable(found.data, one.array.dtype, one.array.shape)
            if found.edges is not None:
                yield name + EDGES, found.edges
