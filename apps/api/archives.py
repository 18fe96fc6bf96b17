"""Routes that take runs out as one file, and bring such a file in."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from apps.api.bodies import body_to_file
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of, home_of
from apps.api.selections import SelectionIn
from apps.heavy_work import Lane, heavily
from nntracker_ray.archive.checked_zip import ArchiveLimits
from nntracker_ray.archive.choice import Choice, chosen_runs, one_experiment, one_run
from nntracker_ray.archive.importing import Imported, Importer, import_archive
from nntracker_ray.archive.writer import ArchiveWriter
from nntracker_ray.commands import Selection
from nntracker_ray.home import Home

LIMITS = ArchiveLimits()
ABANDONED_AFTER_S = 24 * 3600.0

router = APIRouter(prefix="/api", tags=["archives"])
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}}, "description": "the archive, while it is made"}
}
ZIP_BODY = {
    "requestBody": {
        "required": True,
        "description": "the archive itself",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
WithCheckpoints = Annotated[
    bool, Query(description="also the checkpoints; they make it many times as large, and are not imported")
]


class ArchiveIn(BaseModel, extra="forbid"):
    """What an archive is to hold."""

    selection: SelectionIn
    checkpoints: bool = Field(default=False, description="also the checkpoints")


class ImportedOut(BaseModel):
    """What came in, by the ids that it has here."""

    experiments: list[UUID]
    runs: list[UUID]
    name: str = Field(description="what came in, in words")
    kept_ids: bool = Field(
        description="whether these are the ids of the archive; they stay when they were your own and are free"
    )

    @classmethod
    def of(cls, imported: Imported) -> ImportedOut:
        """From what the library says."""
        experiments, runs = list(imported.experiments.values()), list(imported.runs.values())
        name = f"{len(runs)} run" + ("s" if len(runs) != 1 else "")
        return cls(experiments=experiments, runs=runs, name=name, kept_ids=imported.kept_ids)


@router.get("/runs/{run_id}/archive", response_class=StreamingResponse, responses={**ZIP, **documented(404)})
def download_run(request: Request, run_id: UUID, checkpoints: WithCheckpoints = False) -> StreamingResponse:
    """Everything about one run: configuration, model, metrics, captures, history, log, and a report to read."""
    choice = one_run(database_of(request), viewer_id=caller_of(request).viewer_id, run_id=run_id)
    return _archive(request, choice, checkpoints)


@router.get(
    "/experiments/{experiment_id}/archive",
    response_class=StreamingResponse,
    responses={**ZIP, **documented(404)},
)
def download_experiment(
    request: Request, experiment_id: UUID, checkpoints: WithCheckpoints = False
) -> StreamingResponse:
    """Every run of an experiment in one archive."""
    viewer_id = caller_of(request).viewer_id
    choice = one_experiment(database_of(request), viewer_id=viewer_id, experiment_id=experiment_id)
    return _archive(request, choice, checkpoints)


@router.get("/archives", response_class=StreamingResponse, responses={**ZIP, **documented(404)})
def download_runs(
    request: Request,
    run: Annotated[list[UUID], Query(min_length=1, max_length=1000, description="may be repeated")],
    checkpoints: WithCheckpoints = False,
) -> StreamingResponse:
    """Some runs in one archive, for links."""
    selection = Selection(run_ids=tuple(dict.fromkeys(run)))
    viewer_id = caller_of(request).viewer_id
    choice = chosen_runs(database_of(request), viewer_id=viewer_id, selection=selection)
    return _archive(request, choice, checkpoints)


@router.post("/archives", response_class=StreamingResponse, responses={**ZIP, **documented(400, 404)})
def download_selection(request: Request, wanted: ArchiveIn) -> StreamingResponse:
    """Any runs in one archive."""
    database, viewer_id = database_of(request), caller_of(request).viewer_id
    with database.connection() as conn:
        selection = wanted.selection.resolved(conn, viewer_id)
    choice = chosen_runs(database, viewer_id=viewer_id, selection=selection)
    return _archive(request, choice, wanted.checkpoints)


@router.post(
    "/archives/import", status_code=201, openapi_extra=ZIP_BODY, responses=documented(400, 409, 413, 507)
)
async def upload_archive(request: Request, response: Response) -> ImportedOut:
    """Bring an archive in, all of it or nothing; its runs are then yours. 409: all of it is here already."""
    actor, database, home = actor_of(request), database_of(request), home_of(request)
    importer = Importer(actor.user_id, actor.name, actor.address)

    incoming = await asyncio.to_thread(_incoming, home)
    with tempfile.TemporaryDirectory(dir=incoming) as folder:
        path = Path(folder) / "archive.zip"
        await body_to_file(request, path, most=LIMITS.file_bytes)
        imported = await heavily(
            Lane.IMPORTS,
            lambda: import_archive(database, home, path, importer=importer, limits=LIMITS),
        )
    response.headers["location"] = f"/api/experiments/{next(iter(imported.experiments.values()))}"
    return ImportedOut.of(imported)


def _incoming(home: Home) -> Path:
    """Where archives wait to be read, without what a killed server left there."""
    folder = home.create().root / "incoming"
    folder.mkdir(mode=0o700, exist_ok=True)
    oldest = time.time() - ABANDONED_AFTER_S
    for left in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < oldest:
                shutil.rmtree(left, ignore_errors=True)
    return folder


def _archive(request: Request, choice: Choice, with_checkpoints: bool) -> StreamingResponse:
    writer = ArchiveWriter(
        database_of(request),
        home_of(request),
        choice,
        by=caller_of(request).name,
        made_at=datetime.now(UTC),
        with_checkpoints=with_checkpoints,
    )
    headers = {"content-disposition": f'attachment; filename="{choice.file_name}"'}
    return StreamingResponse(_pieces(writer), media_type="application/zip", headers=headers)


def _pieces(writer: ArchiveWriter) -> Iterator[bytes]:
    """Without the empty ones, each of which would be sent as one."""
    return (piece for piece in writer.stream() if piece)
