"""One run out of an archive, into the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from nntracker_ray.archive.layout import IMPORTED_FACT, LEFT_OUT_FACTS
from nntracker_ray.archive.metric_array_files import AT_ONCE
from nntracker_ray.archive.metric_array_reader import ImportedMetricArray
from nntracker_ray.archive.reader import ArchiveReader, pages
from nntracker_ray.archive.run_file import ADAPTATIONS, FACTS, STATES, CaptureLine, LogEntry
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import LogLine, MetricArray, RunSpec, RunState, to_json
from nntracker_ray.storage import import_writes as put
from nntracker_ray.storage.archive_queries import (
    ArchivedRun,
    CapturedArray,
    Fact,
    StateChange,
)
from nntracker_ray.storage.connection import Connection

# Nobody works on an imported run, and nothing may begin to by itself.
AT_REST: Final = (RunState.PAUSED, RunState.STOPPED, RunState.FINISHED, RunState.FAILED)


class RunImport:
    """Raises everywhere: BadInputError: The archive is not of the described form.

    The caller's transaction undoes it all.
    """

    def __init__(
        self,
        conn: Connection,
        reader: ArchiveReader,
        run: ArchivedRun,
        spec: RunSpec,
        *,
        archive_digest: str,
    ) -> None:
        self._conn, self._reader, self._run, self._spec = conn, reader, run, spec
        self._archive_digest = archive_digest
        self._run_no, self._by = 0, ""

    def insert(
        self, experiment_id: UUID, ids: Mapping[UUID, UUID], *, parent_no: int | None, by: str
    ) -> int | None:
        """The run itself, under its id of `ids`; its number, or None if that id is taken.

        Args:
            parent_no: The number here of the run that it was made from.
            by: Who imports it, by name.
        """
        self._by = by
        run_id = ids[self._run.run_id]
        spec = self._text(experiment_id, ids, parent_no)
        named = replace(self._run, run_id=run_id, experiment_id=experiment_id, spec=spec)
        if not self._is_at_rest:
            named = replace(named, state=str(RunState.STOPPED), ended_at=self._reader.made_at)
        number = put.import_run(self._conn, named, parent_no=parent_no)
        self._run_no = number or 0
        return number

    def store(self) -> None:
        """Everything else of it."""
        self._states()
        self._facts()
        run_id, number = self._run.run_id, self._run_no
        changes = [one.as_change() for one in self._reader.listed(run_id, "adaptations.json", ADAPTATIONS)]
        put.import_adaptations(self._conn, number, changes)
        for points in self._reader.points(run_id):
            put.import_points(self._conn, number, points)
        put.import_last_metrics(self._conn, number, self._reader.run(run_id).newest)
        for lines in self._reader.log(run_id):
            put.import_log(self._conn, number, [(line.attempt, _line(line)) for line in lines])
        for looks in pages(self._reader.metric_arrays(run_id), AT_ONCE):
            put.import_metric_arrays(self._conn, number, [(one.about.attempt, _look(one)) for one in looks])
        for _, arrays in self._reader.captures(run_id):
            for one in arrays:
                put.import_array(self._conn, number, _about(one.about), one.numbers)

    @property
    def _is_at_rest(self) -> bool:
        return RunState(self._run.state) in AT_REST

    def _text(self, experiment_id: UUID, ids: Mapping[UUID, UUID], parent_no: int | None) -> str:
        """The specification; the very text of the archive where nothing in it changes."""
        run_id, origin = ids[self._run.run_id], self._spec.origin
        if origin is None and (run_id, experiment_id) == (self._run.run_id, self._run.experiment_id):
            return self._run.spec
        if origin is not None:
            origin = replace(origin, run_id=ids[origin.run_id], run_no=parent_no)
        return to_json(replace(self._spec, run_id=run_id, experiment_id=experiment_id, origin=origin))

    def _states(self) -> None:
        said = self._reader.listed(self._run.run_id, "states.json", STATES)
        states = [StateChange(one.state, one.attempt, one.by, one.why, one.error, one.time) for one in said]
        if not self._is_at_rest:
            why = f"imported; it was {self._run.state} when the archive was made"
            now = datetime.now(UTC)
            states.append(StateChange(RunState.STOPPED, self._run.attempt, self._by, why, None, now))
        put.import_states(self._conn, self._run_no, states)

    def _facts(self) -> None:
        said = self._reader.listed(self._run.run_id, "facts.json", FACTS)
        if any(fact.key in LEFT_OUT_FACTS for fact in said):
            raise BadInputError(f"run {self._run.run_id} has facts that no archive holds")
        whence = {"run_id": str(self._run.run_id), "experiment_id": str(self._run.experiment_id)}
        whence["archive"] = self._archive_digest
        origin = {**whence, "by": self._by, "at": datetime.now(UTC).isoformat()}
        facts = [Fact(one.key, one.attempt, one.value) for one in said]
        put.import_facts(self._conn, self._run_no, [*facts, Fact(IMPORTED_FACT, self._run.attempt, origin)])


def _line(entry: LogEntry) -> LogLine:
    return LogLine(entry.line_no, entry.source, entry.level, entry.text, entry.time)


def _look(one: ImportedMetricArray) -> MetricArray:
    about = one.about
    place = (about.metric, about.epoch, about.step)
    return MetricArray(*place, one.values, one.edges, about.time, about.layer, about.tensor)


def _about(line: CaptureLine) -> CapturedArray:
    return CapturedArray(**dict(line))
