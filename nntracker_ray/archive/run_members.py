"""The files of one run in an archive."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import IO, Final
from uuid import UUID

from nntracker_ray.archive.capture_files import StoredArray, capture_members
from nntracker_ray.archive.layout import LEFT_OUT_FACTS, run_member
from nntracker_ray.archive.metric_array_files import metric_array_members
from nntracker_ray.archive.metric_files import MetricFiles
from nntracker_ray.archive.run_file import Adaptation, RunFile, adaptation_of
from nntracker_ray.archive.zip_stream import NewMember, of_bytes
from nntracker_ray.records import RunSpec, RunState, from_json, to_json
from nntracker_ray.states import AT_WORK
from nntracker_ray.storage import queries
from nntracker_ray.storage.archive_queries import (
    ArchivedRun,
    Point,
    archived_adaptations,
    archived_bytes,
    archived_captures,
    archived_facts,
    archived_history,
    archived_last_metrics,
    archived_states,
    archived_stretches,
)
from nntracker_ray.storage.archived_metric_arrays import (
    Numbers,
    StoredMetricArray,
    archived_metric_arrays,
    archived_numbers,
)
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.tables import lines_of

PAGE_ROWS: Final = 20_000
PAGE_LINES: Final = 5_000


class RunMembers:
    """Reads one run in pages; no transaction outlives a page."""

    def __init__(self, database: Database, viewer_id: UUID, run: ArchivedRun) -> None:
        self._database, self._viewer_id, self._run = database, viewer_id, run
        # Of a run at work only complete epochs are taken: half of one would be neither here nor there.
        self._before_epoch = run.epochs_done if RunState(run.state) in AT_WORK else None
        with database.connection() as conn:
            self._stretches = archived_stretches(conn, viewer_id=viewer_id, run=run)

    def members(self) -> Iterator[NewMember]:
        """Every file of the run, in order."""
        metrics = MetricFiles(self._points)
        yield self._small("run.json", self._run_file)
        yield self._small("specification.json", lambda: specification(self._run).encode())
        yield self._small("states.json", self._states)
        yield self._small("facts.json", self._facts)
        yield self._small("adaptations.json", self._adaptations)
        yield NewMember(self._place("metrics.csv"), metrics.write_csv)
        yield NewMember(self._place("metrics.parquet"), metrics.write_parquet)
        yield NewMember(self._place("log.jsonl"), self._log)
        yield from metric_array_members(self._metric_arrays(), place=self._place, read=self._numbers)
        yield from capture_members(self._captures(), place=self._place, read=self._bytes)

    def _place(self, name: str) -> str:
        return run_member(self._run.run_id, name)

    def _small(self, name: str, content: Callable[[], bytes]) -> NewMember:
        return of_bytes(self._place(name), content)

    def _run_file(self) -> bytes:
        with self._database.connection() as conn:
            last = archived_last_metrics(conn, self._run.run_no)
        return RunFile.of(self._run.alone(), last).as_json()

    def _states(self) -> bytes:
        with self._database.connection() as conn:
            return lines_as_json([row._asdict() for row in archived_states(conn, self._run.run_no)])

    def _facts(self) -> bytes:
        with self._database.connection() as conn:
            facts = archived_facts(conn, self._run.run_no)
        return lines_as_json([fact._asdict() for fact in facts if fact.key not in LEFT_OUT_FACTS])

    def _adaptations(self) -> bytes:
        return lines_as_json([dict(change) for change in self._changes()])

    def _changes(self) -> list[Adaptation]:
        """The run's own, and before them what it inherited from runs that are not in the archive."""
        with self._database.connection() as conn:
            own = [adaptation_of(change) for change in archived_adaptations(conn, self._run.run_no)]
            if not self._run.is_orphan:
                return own
            columns = queries.adaptations(conn, viewer_id=self._viewer_id, run_id=self._run.run_id)
        known = {(change.parameter, change.step) for change in own}
        effective = [Adaptation.from_columns(columns, line) for line in range(len(columns["step"]))]
        inherited = [one for one in effective if (one.parameter, one.step) not in known]
        return sorted([*inherited, *own], key=lambda one: (one.step, one.parameter))

    def _points(self) -> Iterator[Sequence[Point]]:
        after: Point | None = None
        while page := self._page(after):
            after = page[-1]
            yield page

    def _page(self, after: Point | None) -> list[Point]:
        before = self._before_epoch
        with self._database.connection() as conn:
            return archived_history(conn, self._stretches, after=after, before_epoch=before, limit=PAGE_ROWS)

    def _metric_arrays(self) -> list[StoredMetricArray]:
        with self._database.connection() as conn:
            return archived_metric_arrays(conn, self._stretches, before_epoch=self._before_epoch)

    def _numbers(self, arrays: Sequence[StoredMetricArray]) -> dict[StoredMetricArray, Numbers]:
        with self._database.connection() as conn:
            return archived_numbers(conn, arrays)

    def _captures(self) -> list[StoredArray]:
        with self._database.connection() as conn:
            found = [
                StoredArray(
                    stretch.run_no,
                    one if stretch.run_no == self._run.run_no else one._replace(attempt=0),
                )
                for stretch in self._stretches
                for one in archived_captures(conn, stretch, before_epoch=self._before_epoch)
            ]
        return sorted(found, key=lambda one: one.array[:4])

    def _bytes(self, stored: StoredArray) -> bytes:
        with self._database.connection() as conn:
            return archived_bytes(conn, stored.run_no, stored.array)

    def _log(self, file: IO[bytes]) -> Iterator[None]:
        after: tuple[int, int] | None = None
        while True:
            with self._database.connection() as conn:
                page = queries.log_lines(
                    conn, viewer_id=self._viewer_id, run_id=self._run.run_id, after=after, limit=PAGE_LINES
                )
            lines = lines_of(page)
            if not lines:
                return
            after = lines[-1]["attempt"], lines[-1]["line_no"]
            file.write(b"".join(_json(line) + b"\n" for line in lines))
            yield


def specification(run: ArchivedRun) -> str:
    """What determines the run, as another platform can use it: where a fork began is known only beside its parent."""
    spec = from_json(RunSpec, run.spec)
    if spec.origin is None:
        return run.spec
    origin = None if run.parent_id is None else replace(spec.origin, run_no=None)
    return to_json(replace(spec, origin=origin))


def lines_as_json(rows: Sequence[dict[str, object]]) -> bytes:
    """A JSON list with a line for each row, for people to read and compare."""
    if not rows:
        return b"[]\n"
    return b"[\n" + b",\n".join(map(_json, rows)) + b"\n]\n"


def _json(row: dict[str, object]) -> bytes:
    return json.dumps(row, default=lambda value: value.isoformat(), allow_nan=False).encode()
