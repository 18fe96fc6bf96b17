"""The small parts of an archive, read and found sound before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from nntracker_ray.archive.checked_spec import checked_spec
from nntracker_ray.archive.checked_zip import CheckedArchive
from nntracker_ray.archive.layout import run_member
from nntracker_ray.archive.reader import ArchiveReader
from nntracker_ray.errors import BadInputError
from nntracker_ray.home import Home
from nntracker_ray.models.catalog import load_catalog
from nntracker_ray.models.schema import ModelDescription, parse_model
from nntracker_ray.records import RunSpec
from nntracker_ray.storage.archive_queries import ArchivedExperiment, ArchivedRun

_HELD: Final = re.compile(
    r"models/.*|(?:runs|experiments)/[^/]+/(?:run|specification|experiment|configuration)\.json"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """An archive whose small parts were read and found sound."""

    experiments: tuple[ArchivedExperiment, ...]
    runs: tuple[ArchivedRun, ...]  # parents before their forks
    specs: Mapping[UUID, RunSpec]
    models: tuple[ModelDescription, ...]


def read_plan(archive: CheckedArchive, home: Home) -> Plan:
    """The small parts, each checked and all together. Raises: BadInputError."""
    _require_room(archive)
    reader, catalog = ArchiveReader(archive), load_catalog(home)
    experiments = [_experiment(reader, one) for one in archive.manifest.experiments]
    known = {one.experiment_id for one in experiments}
    runs: dict[UUID, ArchivedRun] = {}
    specs: dict[UUID, RunSpec] = {}
    for run_id in archive.manifest.runs:
        where = run_member(run_id, "specification.json")
        text = reader.specification(run_id)
        run = reader.run(run_id).as_run(text.decode("utf-8", "replace"))
        spec = checked_spec(text, where=where, catalog=catalog)
        _require_relations(run, spec, known, runs)
        runs[run_id], specs[run_id] = run, spec
    if not runs or len(runs) != len(archive.manifest.runs) or len(known) != len(experiments):
        raise BadInputError("the manifest names no run, or one of them twice")
    return Plan(tuple(experiments), tuple(runs.values()), specs, tuple(_models(archive, reader)))


def _require_room(archive: CheckedArchive) -> None:
    """A small archive may unpack to a great many small files."""
    held = sum(member.bytes for member in archive.manifest.members if _HELD.fullmatch(member.path))
    if held > archive.limits.held_bytes:
        raise BadInputError(
            f"the archive's runs, experiments and models have {held:,} bytes; allowed are "
            f"{archive.limits.held_bytes:,}. Take fewer runs into one archive"
        )


def _experiment(reader: ArchiveReader, experiment_id: UUID) -> ArchivedExperiment:
    about, config = reader.experiment(experiment_id)
    values = {name: getattr(about, name) for name in ("name", "max_concurrent", "created_at")}
    return ArchivedExperiment(experiment_id=experiment_id, config=config, owner="", **values)


def _require_relations(
    run: ArchivedRun, spec: RunSpec, experiments: set[UUID], before: Mapping[UUID, ArchivedRun]
) -> None:
    if run.experiment_id not in experiments:
        raise BadInputError(f"run {run.run_id} is of an experiment that the archive lacks")
    if (spec.run_id, spec.experiment_id) != (run.run_id, run.experiment_id):
        raise BadInputError(f"run {run.run_id} has the specification of another run")
    if (spec.resources.cpu, spec.resources.gpu) != (run.cpu, run.gpu):
        raise BadInputError(f"run {run.run_id} asks for other hardware than its specification")
    parent = before.get(run.parent_id) if run.parent_id else None
    if run.parent_id is not None and (parent is None or parent.experiment_id != run.experiment_id):
        raise BadInputError(f"run {run.run_id} comes before the run that it was made from, or without it")
    # A fork's beginning lies in its parent's folder: only the parent in the archive may be named.
    if spec.origin is not None and spec.origin.run_id != run.parent_id:
        raise BadInputError(f"run {run.run_id} goes on from a run that the archive lacks")


def _models(archive: CheckedArchive, reader: ArchiveReader) -> list[ModelDescription]:
    found = []
    for path in sorted(path for path in archive.paths if path.startswith("models/")):
        model = parse_model(reader.model(path))
        if path != f"models/{model.digest}.json":
            raise BadInputError(f"{path} is another model than its name says")
        found.append(model)
    return found
