"""Bringing an archive in: all of it or nothing, as the importer's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from nntracker_ray.archive.checked_zip import ArchiveLimits, CheckedArchive, opened_archive
from nntracker_ray.archive.choice import Choice, chosen_runs
from nntracker_ray.archive.layout import IMPORTED_FACT
from nntracker_ray.archive.plan import Plan, read_plan
from nntracker_ray.archive.reader import ArchiveReader
from nntracker_ray.archive.run_import import RunImport
from nntracker_ray.archive.writer import ArchiveWriter
from nntracker_ray.commands import Selection
from nntracker_ray.errors import BadInputError, ConflictError, DatabaseAwayError, NotFoundError, StorageError
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.storage.archive_queries import ArchivedRun, archived_facts
from nntracker_ray.storage.audit_log import note_deed
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.deletion_writes import require_no_leftovers
from nntracker_ray.storage.import_writes import announce_import, import_experiment, may_keep_ids

Heard = Callable[[str, int, int], None]  # what is being done, how much of it is done, and of how much
VERIFYING: Final = "checking"
STORING: Final = "storing"


@dataclass(frozen=True, slots=True)
class Importer:
    """Whose the runs will be."""

    user_id: UUID
    name: str
    address: str = ""  # where the archive came from, for the audit log


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in."""

    experiments: Mapping[UUID, UUID]  # id in the archive -> id here
    runs: Mapping[UUID, UUID]

    @property
    def kept_ids(self) -> bool:
        """Whether everything has the ids that it had."""
        return all(old == new for old, new in [*self.experiments.items(), *self.runs.items()])


def import_archive(
    database: Database,
    home: Home,
    path: Path,
    *,
    importer: Importer,
    limits: ArchiveLimits | None = None,
    heard: Heard = lambda *_: None,
) -> Imported:
    """Bring in everything that an archive holds but checkpoints. Nothing is queued.

    Ids are kept where they are the importer's own and free (`storage.import_writes.may_keep_ids`); else all of them are
    new, the same ones each time for the same importer and archive.

    Raises:
        BadInputError: It is no archive, a hostile one, or not what its manifest says.
        ConflictError: All of it is here already.
    """
    with opened_archive(path, limits) as archive:
        archive.verify(lambda done, of: heard(VERIFYING, done, of))
        plan = read_plan(archive, home)
        work = _Work(database, home, archive, plan, importer, heard)
        work.require_news()
        with _refusals_told():
            return work.store()


class _refusals_told:  # noqa: N801 - reads as a word
    """Let values that the database does not take be bad input."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, StorageError) and not isinstance(error, DatabaseAwayError):
            raise BadInputError(
                f"the archive holds what cannot be stored: {error}; nothing was imported"
            ) from error


class _IdsTakenError(Exception):
    """Somebody has one of the ids."""


@dataclass(frozen=True, slots=True)
class _Work:
    database: Database
    home: Home
    archive: CheckedArchive
    plan: Plan
    importer: Importer
    heard: Heard

    def require_news(self) -> None:
        """Raises: ConflictError: Every run is here, as the archive has it."""
        ids = {run.run_id for run in self.plan.runs}
        try:
            there = chosen_runs(
                self.database, viewer_id=self.importer.user_id, selection=Selection(run_ids=tuple(ids))
            )
        except NotFoundError:
            return
        if {run.run_id for run in there.runs} != ids:
            return
        if self._came_from_this(there):
            raise _already_here(len(ids))
        here = ArchiveWriter(self.database, self.home, there, by="", made_at=datetime.now(UTC))
        if here.digest() == self.archive.manifest.content_digest:
            raise _already_here(len(ids))

    def _came_from_this(self, there: Choice) -> bool:
        """Whether an earlier import of the same archive has brought them, and nobody has trained them since.

        Runs that were at work when it was made are not what it says: they came in stopped.
        """
        said = {run.run_id: run.attempt for run in self.plan.runs}
        digest = self.archive.manifest.content_digest
        with self.database.connection() as conn:
            for run in there.runs:
                facts = archived_facts(conn, run.run_no)
                origin = next((fact.value for fact in facts if fact.key == IMPORTED_FACT), None) or {}
                if origin.get("archive") != digest or run.attempt != said[run.run_id]:
                    return False
        return True

    def store(self) -> Imported:
        """Everything in one transaction; under new ids if the old ones are not the importer's, or one is taken."""
        ids = Imported(
            {one.experiment_id: one.experiment_id for one in self.plan.experiments},
            {run.run_id: run.run_id for run in self.plan.runs},
        )
        if self._may_keep_ids(ids):
            try:
                return self._stored(ids)
            except _IdsTakenError:
                pass
        try:
            return self._stored(self._new_ids(ids))
        except _IdsTakenError:
            raise _already_here(len(self.plan.runs)) from None

    def _may_keep_ids(self, ids: Imported) -> bool:
        experiment_of = {run.run_id: run.experiment_id for run in self.plan.runs}
        # Of an experiment without runs nothing tells whose it was.
        if set(experiment_of.values()) != set(ids.experiments):
            return False
        with self.database.connection() as conn:
            return may_keep_ids(conn, user_id=self.importer.user_id, experiment_of=experiment_of)

    def _new_ids(self, ids: Imported) -> Imported:
        space = uuid5(self.importer.user_id, self.archive.manifest.content_digest)
        return Imported(
            {old: uuid5(space, str(old)) for old in ids.experiments},
            {old: uuid5(space, str(old)) for old in ids.runs},
        )

    def _stored(self, ids: Imported) -> Imported:
        numbers: dict[UUID, int] = {}
        with self.database.connection() as conn:
            self._experiments(conn, ids)
            require_no_leftovers(conn, list(ids.runs.values()))
            # The ids of all runs first: that one is taken shows at once.
            work = [self._run(conn, run, ids, numbers) for run in self.plan.runs]
            for done, one in enumerate(work, start=1):
                one.store()
                self.heard(STORING, done, len(work))
            announce_import(conn, list(numbers.values()))
            self._note(conn)
            # Before the commit: a model too many harms nobody, a run without its model would.
            for model in self.plan.models:
                ModelStore(self.home).add(model)
        return ids

    def _experiments(self, conn: Connection, ids: Imported) -> None:
        reader = ArchiveReader(self.archive)
        for one in self.plan.experiments:
            named = replace(one, experiment_id=ids.experiments[one.experiment_id])
            folds = reader.folds(one.experiment_id)
            if not import_experiment(conn, named, folds, owner_id=self.importer.user_id):
                raise _IdsTakenError

    def _run(self, conn: Connection, run: ArchivedRun, ids: Imported, numbers: dict[UUID, int]) -> RunImport:
        spec, digest = self.plan.specs[run.run_id], self.archive.manifest.content_digest
        work = RunImport(conn, ArchiveReader(self.archive), run, spec, archive_digest=digest)
        parent_no = numbers[run.parent_id] if run.parent_id else None
        number = work.insert(
            ids.experiments[run.experiment_id], ids.runs, parent_no=parent_no, by=self.importer.name
        )
        if number is None:
            raise _IdsTakenError
        numbers[run.run_id] = number
        return work

    def _note(self, conn: Connection) -> None:
        names = ", ".join(one.name for one in self.plan.experiments)
        note_deed(
            conn,
            action="imported an archive",
            by=self.importer.name,
            user_id=self.importer.user_id,
            subject=names,
            details=f"{len(self.plan.runs)} runs; content {self.archive.manifest.content_digest}",
            address=self.importer.address,
        )


def _already_here(count: int) -> ConflictError:
    runs = "its run is" if count == 1 else f"all of its {count} runs are"
    return ConflictError(f"already here: {runs} the same as in the archive, so nothing was imported")
