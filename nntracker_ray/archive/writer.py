"""An archive, written as it is read: nothing of it is held but what is on its way."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import numpy as np

from nntracker_ray.archive.choice import Choice
from nntracker_ray.archive.layout import (
    FORMAT,
    IMPORTED_FACT,
    MANIFEST,
    PROVENANCE,
    REPORT,
    VERSION,
    Manifest,
    Member,
    content_digest,
    experiment_member,
    is_content,
    model_member,
    run_member,
)
from nntracker_ray.archive.metric_files import copied
from nntracker_ray.archive.provenance import Provenance
from nntracker_ray.archive.report import write_report
from nntracker_ray.archive.run_file import ExperimentFile
from nntracker_ray.archive.run_members import RunMembers
from nntracker_ray.archive.zip_stream import NewMember, ZipStream, of_bytes
from nntracker_ray.checkpoint_files import Form, write_checkpoint
from nntracker_ray.errors import CheckpointError, ModelError, NotFoundError, RemoteError
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import RunSpec, from_json
from nntracker_ray.storage import queries
from nntracker_ray.storage.archive_queries import ArchivedExperiment, ArchivedRun, archived_folds
from nntracker_ray.storage.connection import Database

Heard = Callable[[int, int], None]  # runs written, runs there are


@dataclass(frozen=True, slots=True)
class ArchiveWriter:
    """Writes chosen runs.

    Args:
        by: Who takes the data out, by name.
        made_at: When.
        with_checkpoints: Whether the checkpoints that can be found from here come along.
        heard: Told after each run, for progress displays.
    """

    database: Database
    home: Home
    choice: Choice
    by: str
    made_at: datetime
    with_checkpoints: bool = False
    heard: Heard = lambda *_: None

    def stream(self) -> Iterator[bytes]:
        """The archive, piece by piece.

        Raises: DatabaseAwayError: It ends in the middle; no reader takes it for whole.
        """
        out = ZipStream(self.made_at)
        provenance = Provenance(self.choice, by=self.by, made_at=self.made_at)
        for new in self._members(provenance):
            yield from out.add(new)
        yield from out.add(of_bytes(PROVENANCE, provenance.as_json))
        yield from out.add(NewMember(REPORT, self._report))
        yield from out.add(of_bytes(MANIFEST, lambda: self._manifest(out.members)))
        yield from out.end()

    def digest(self) -> str:
        """The content digest that the archive would have; nothing is written anywhere."""
        out = ZipStream(self.made_at)
        for new in self._members(None):
            if is_content(new.path):
                for _ in out.add(new):
                    pass
        return content_digest(out.members)

    def _members(self, provenance: Provenance | None) -> Iterator[NewMember]:
        for experiment in self.choice.experiments:
            yield from self._experiment(experiment)
        yield from self._models(provenance)
        for done, run in enumerate(self.choice.runs, start=1):
            yield from RunMembers(self.database, self.choice.viewer_id, run).members()
            if provenance is not None:
                yield from self._checkpoints(run, provenance)
            self.heard(done, len(self.choice.runs))

    def _experiment(self, one: ArchivedExperiment) -> Iterator[NewMember]:
        about = ExperimentFile(
            experiment_id=one.experiment_id,
            name=one.name,
            max_concurrent=one.max_concurrent,
            created_at=one.created_at,
        )
        place = one.experiment_id
        yield of_bytes(experiment_member(place, "experiment.json"), about.as_json)
        yield of_bytes(experiment_member(place, "configuration.json"), one.config.encode)
        with self.database.connection() as conn:
            folds = archived_folds(conn, viewer_id=self.choice.viewer_id, experiment_id=place)
        if folds:
            arrays = {f"{name}_{fold}": rows for fold, both in folds.items() for name, rows in _named(both)}
            yield of_bytes(experiment_member(place, "folds.npz"), lambda: _npz(arrays))

    def _models(self, provenance: Provenance | None) -> Iterator[NewMember]:
        store = ModelStore(self.home)
        for digest in dict.fromkeys(from_json(RunSpec, run.spec).model_digest for run in self.choice.runs):
            try:
                text = store.get(digest)
            except (NotFoundError, ModelError, RemoteError) as error:
                if provenance is not None:
                    provenance.note_missing(model_member(digest), str(error))
                continue
            yield of_bytes(model_member(digest), text.encode)

    def _checkpoints(self, run: ArchivedRun, provenance: Provenance) -> Iterator[NewMember]:
        with self.database.connection() as conn:
            known = queries.checkpoints(conn, viewer_id=self.choice.viewer_id, run_id=run.run_id)
            facts = queries.run_facts(conn, viewer_id=self.choice.viewer_id, run_id=run.run_id)
        provenance.note_run(run, known, facts.get(IMPORTED_FACT))
        if not self.with_checkpoints:
            return
        with tempfile.TemporaryDirectory(prefix="nntracker-archive-") as aside:
            for name in [one.name for one in known]:
                path, file = run_member(run.run_id, f"checkpoints/{name}.ckpt"), Path(aside) / f"{name}.ckpt"
                try:
                    self._fetch(run, name, file)
                except (NotFoundError, CheckpointError, RemoteError) as error:
                    provenance.note_missing(path, str(error))
                    continue
                yield NewMember(path, _copying(file))
                file.unlink()

    def _fetch(self, run: ArchivedRun, name: str, target: Path) -> None:
        write_checkpoint(
            self.database,
            self.home,
            viewer_id=self.choice.viewer_id,
            run_id=run.run_id,
            name=name,
            form=Form.CHECKPOINT,
            target=target,
        )

    def _report(self, file: IO[bytes]) -> Iterator[None]:
        yield from write_report(file, self.database, self.choice, by=self.by, made_at=self.made_at)

    def _manifest(self, members: list[Member]) -> bytes:
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            made_at=self.made_at,
            experiments=tuple(one.experiment_id for one in self.choice.experiments),
            runs=tuple(run.run_id for run in self.choice.runs),
            members=tuple(members),
        )
        return manifest.model_dump_json(indent=1).encode() + b"\n"


def _named(both: tuple[object, object]) -> list[tuple[str, object]]:
    return [("train", both[0]), ("held_out", both[1])]


def _npz(arrays: dict[str, object]) -> bytes:
    # np.savez gives its members the time of 1980, whenever it is called.
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _copying(path: Path) -> Callable[[IO[bytes]], Iterator[None]]:
    def write(file: IO[bytes]) -> Iterator[None]:
        with path.open("rb") as source:
            copied(source, file)
        yield

    return write
