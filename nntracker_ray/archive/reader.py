"""What an archive says, checked and in pages."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any, Final, TypeVar
from uuid import UUID

from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter, ValidationError

from nntracker_ray.archive.capture_files import INDEX
from nntracker_ray.archive.checked_zip import CheckedArchive, first_problem, opened_zip
from nntracker_ray.archive.exact_numbers import number_from
from nntracker_ray.archive.layout import (
    METRIC_COLUMNS,
    capture_name,
    experiment_member,
    metric_arrays_name,
    run_member,
)
from nntracker_ray.archive.metric_array_files import INDEX as METRIC_ARRAYS
from nntracker_ray.archive.metric_array_reader import ImportedMetricArray, metric_arrays_of
from nntracker_ray.archive.npz_reader import known_dtype, npz_arrays
from nntracker_ray.archive.run_file import CaptureLine, ExperimentFile, LogEntry, MetricArrayLine, RunFile
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue
from nntracker_ray.storage.archive_queries import Folds, Point

# A page of the longest lines must fit into memory.
PAGE_ROWS, ROW_BYTES = 5_000, 16 * 1024
PAGE_LINES, LINE_BYTES = 250, 1024 * 1024
MOST_FOLDS: Final = 1000
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, eq=False)
class ImportedArray:
    """One captured array."""

    about: CaptureLine
    numbers: NDArray[Any]


class ArchiveReader:
    """Raises everywhere: BadInputError: What is there is not of the described form."""

    def __init__(self, archive: CheckedArchive) -> None:
        self._archive = archive

    @property
    def made_at(self) -> datetime:
        """When the archive was made: nobody knows of later."""
        return self._archive.manifest.made_at

    def experiment(self, experiment_id: UUID) -> tuple[ExperimentFile, str]:
        """An experiment, and its configuration as JSON text."""
        place = experiment_member(experiment_id, "experiment.json")
        found = self._record(ExperimentFile, place)
        if found.experiment_id != experiment_id:
            raise BadInputError(f"{place} is of another experiment")
        path = experiment_member(experiment_id, "configuration.json")
        with _told(path):
            text = self._archive.read(path).decode()
        if not isinstance(plain_json(text, path), dict):
            raise BadInputError(f"{path} holds no configuration; that is an object")
        return found, text

    def folds(self, experiment_id: UUID) -> Folds:
        """Its folds; none without."""
        path = experiment_member(experiment_id, "folds.npz")
        if path not in self._archive:
            return {}
        with self._archive.open(path) as file, opened_zip(file, self._archive.limits) as npz:
            count, size = len(npz.namelist()) // 2, sum(info.file_size for info in npz.infolist())
        if count > MOST_FOLDS or size > self._archive.limits.folds_bytes:
            raise BadInputError(
                f"{path} has {count} folds of {size:,} bytes together; allowed are {MOST_FOLDS} and "
                f"{self._archive.limits.folds_bytes:,}"
            )
        names = [f"{part}_{fold}" for fold in range(count) for part in ("train", "held_out")]
        with self._archive.open(path) as file:
            expected = dict.fromkeys(names, ("int64", None))
            arrays = dict(npz_arrays(file, expected, where=path, limits=self._archive.limits))
        return {fold: (arrays[f"train_{fold}"], arrays[f"held_out_{fold}"]) for fold in range(count)}

    def run(self, run_id: UUID) -> RunFile:
        """A run as a whole."""
        place = run_member(run_id, "run.json")
        found = self._record(RunFile, place)
        if found.run_id != run_id:
            raise BadInputError(f"{place} is of another run")
        return found

    def specification(self, run_id: UUID) -> bytes:
        """What determines the run, not yet checked."""
        return self._archive.read(run_member(run_id, "specification.json"))

    def listed(self, run_id: UUID, name: str, kind: TypeAdapter[list[T]]) -> list[T]:
        """One of the small lists of a run."""
        path = run_member(run_id, name)
        text = self._archive.read(path)
        plain_json(text, path)
        with _told(path):
            return kind.validate_json(text)

    def points(self, run_id: UUID) -> Iterator[list[Point]]:
        """What it has measured, in pages."""
        path = run_member(run_id, "metrics.csv")
        rows = csv.reader(self._archive.lines(path, ROW_BYTES), strict=True)
        with _told(path):
            if next(rows, None) != list(METRIC_COLUMNS):
                raise BadInputError(f"{path} has other columns than {', '.join(METRIC_COLUMNS)}")
            yield from pages(map(_point, rows), PAGE_ROWS)

    def log(self, run_id: UUID) -> Iterator[list[LogEntry]]:
        """What it has printed, in pages."""
        yield from self._lines(run_member(run_id, "log.jsonl"), LogEntry)

    def metric_arrays(self, run_id: UUID) -> Iterator[ImportedMetricArray]:
        """Its histograms and other arrays of metrics, each when it is asked for."""
        if (path := run_member(run_id, METRIC_ARRAYS)) not in self._archive:
            return
        lines = (line for page in self._lines(path, MetricArrayLine) for line in page)
        for epoch, arrays in groupby(lines, key=lambda line: line.epoch):
            npz = run_member(run_id, metric_arrays_name(epoch))
            yield from metric_arrays_of(self._archive, npz, list(arrays))

    def captures(self, run_id: UUID) -> Iterator[tuple[int, Iterator[ImportedArray]]]:
        """Its captured arrays by epoch, each when it is asked for."""
        if (path := run_member(run_id, INDEX)) not in self._archive:
            return
        lines = (line for page in self._lines(path, CaptureLine) for line in page)
        for epoch, arrays in groupby(lines, key=lambda line: line.epoch):
            yield epoch, self._arrays(run_member(run_id, capture_name(epoch)), list(arrays))

    def model(self, path: str) -> bytes:
        """A model's JSON, not yet checked."""
        return self._archive.read(path)

    def _arrays(self, path: str, lines: list[CaptureLine]) -> Iterator[ImportedArray]:
        by_name = {f"{line.layer_name}/{line.tensor}": line for line in lines}
        if len(by_name) != len(lines):
            raise BadInputError(f"{path} has two arrays of one name")
        expected = {name: (known_dtype(line.dtype).name, line.shape) for name, line in by_name.items()}
        with self._archive.open(path) as file:
            for name, numbers in npz_arrays(file, expected, where=path, limits=self._archive.limits):
                yield ImportedArray(by_name[name], numbers)

    def _record(self, kind: type[M], path: str) -> M:
        with _told(path):
            return kind.model_validate_json(self._archive.read(path))

    def _lines(self, path: str, kind: type[M]) -> Iterator[list[M]]:
        with _told(path):
            records = map(kind.model_validate_json, self._archive.lines(path, LINE_BYTES))
            yield from pages(records, PAGE_LINES)


class _told:  # noqa: N801 - reads as a word
    """Let what is wrong with a file be bad input, with the file's name."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValidationError):
            raise BadInputError(f"{self._path}: {first_problem(error)}") from error
        if isinstance(error, csv.Error | ValueError | TypeError | OverflowError | RecursionError):
            raise BadInputError(f"{self._path}: {error!s:.200}") from error


def plain_json(text: bytes | str, where: str) -> JsonValue:
    """JSON as the standard has it: no NaN, no endless depth. Raises: BadInputError."""
    with _told(where):
        return json.loads(text, parse_constant=_no_constant)


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _point(row: list[str]) -> Point:
    metric, layer, tensor, epoch, step, value, time, attempt = row
    measured = datetime.fromisoformat(time)
    if measured.tzinfo is None:
        raise ValueError(f"the time {time!r:.40} has no zone")
    return Point(
        *(metric, layer, tensor, _bounded(epoch, 31), _bounded(step, 63), number_from(value)),
        *(measured.astimezone(UTC), _bounded(attempt, 31)),
    )


def _bounded(text: str, bits: int) -> int:
    number = int(text)
    if not -(1 << bits) <= number < 1 << bits:
        raise ValueError(f"{text!r:.40} is out of range")
    return number


def pages(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows, so many at a time."""
    left = iter(rows)
    while page := list(islice(left, size)):
        yield page
