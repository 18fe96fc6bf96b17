"""Routes that hand out what a run is made of as files: metrics, the experiment, the specification."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.heavy_work import Lane, heavily
from nntracker_ray.archive.metric_files import MetricFiles
from nntracker_ray.records import to_json
from nntracker_ray.storage import queries
from nntracker_ray.storage.archive_queries import Point, archived_experiments, archived_points
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.lineage_queries import lineage

PAGE_ROWS = 20_000
HELD_BYTES = 8 * 1024 * 1024  # in memory; more waits on disk
BLOCK_BYTES = 256 * 1024

router = APIRouter(prefix="/api/runs/{run_id}/files", tags=["files"], responses=documented(404))
JSON_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}}, "description": "the file"}
}
TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {}, "application/octet-stream": {}},
        "description": "the file, as asked for",
    }
}


@router.get("/metrics.{kind}", response_class=StreamingResponse, responses={**TABLE, **documented(404)})
async def metrics_file(request: Request, run_id: UUID, kind: Literal["csv", "parquet"]) -> StreamingResponse:
    """Every measured number of the run, what it inherited from ancestors too. CSV and Parquet are exact to the bit."""
    database, viewer_id = database_of(request), caller_of(request).viewer_id

    def write() -> IO[bytes]:
        with database.connection() as conn:
            queries.find_run(conn, viewer_id=viewer_id, run_id=run_id)  # 404 before the answer begins
        return _written(MetricFiles(lambda: _pages(database, viewer_id, run_id)), kind)

    file = await heavily(Lane.FILES, write)
    called = f'attachment; filename="{str(run_id)[:8]}-metrics.{kind}"'
    media = "text/csv; charset=utf-8" if kind == "csv" else "application/octet-stream"
    return StreamingResponse(_blocks(file), media_type=media, headers={"content-disposition": called})


@router.get("/experiment.json", response_class=Response, responses={**JSON_FILE, **documented(404)})
def experiment_file(request: Request, run_id: UUID) -> Response:
    """The experiment that the run belongs to, as it was submitted."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        row = queries.find_run(conn, viewer_id=viewer_id, run_id=run_id)
        (found,) = archived_experiments(conn, viewer_id=viewer_id, experiment_ids=[row.experiment_id])
    return _json_file(found.config, f"experiment-{str(row.experiment_id)[:8]}.json")


@router.get("/run.json", response_class=Response, responses={**JSON_FILE, **documented(404)})
def specification_file(request: Request, run_id: UUID) -> Response:
    """Everything that determines the run."""
    with database_of(request).connection() as conn:
        spec = queries.run_spec(conn, viewer_id=caller_of(request).viewer_id, run_id=run_id)
    return _json_file(to_json(spec), f"run-{str(run_id)[:8]}.json")


def _json_file(text: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/json", headers=headers)


def _pages(database: Database, viewer_id: UUID, run_id: UUID) -> Iterator[Sequence[Point]]:
    """A transaction a page: whoever downloads slowly holds none open."""
    with database.connection() as conn:
        stretches = lineage(conn, viewer_id=viewer_id, run_id=run_id)
    for stretch in stretches:
        after: Point | None = None
        while True:
            with database.connection() as conn:
                page = archived_points(conn, stretch, after=after, before_epoch=None, limit=PAGE_ROWS)
            if not page:
                break
            after = page[-1]
            yield page


def _written(files: MetricFiles, kind: str) -> IO[bytes]:
    wanted: IO[bytes] = tempfile.SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115 - closed when it has been sent
    with Path(os.devnull).open("wb") as nowhere:
        for _ in files.write_csv(wanted if kind == "csv" else nowhere):
            pass
    if kind == "parquet":
        for _ in files.write_parquet(wanted):
            pass
    wanted.seek(0)
    return wanted


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block
