"""Routes of a run's checkpoints: which there are, and one of them as a file."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from apps.api.control_schemas import CheckpointOut
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of, home_of
from nntracker_ray.checkpoint_files import Form, checkpoint_name, write_checkpoint
from nntracker_ray.storage import queries

# Keras in a process of its own takes half a gigabyte: one after the other.
EXPORTS = threading.BoundedSemaphore(1)

router = APIRouter(prefix="/api/runs/{run_id}/checkpoints", tags=["checkpoints"])


@router.get("", responses=documented(404))
def list_checkpoints(request: Request, run_id: UUID) -> list[CheckpointOut]:
    """The checkpoints of a run."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        found = queries.checkpoints(conn, viewer_id=viewer_id, run_id=run_id)
    return [CheckpointOut.of(one) for one in found]


@router.get(
    "/{name}",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "the file"},
        **documented(404, 409, 502),
    },
)
def download_checkpoint(
    request: Request,
    run_id: UUID,
    name: str,
    form: Annotated[Form, Query(alias="as", description="what the file is to be")] = Form.KERAS,
) -> FileResponse:
    """One checkpoint as a Keras model, as weights (NPZ), or as it is. Its name, or the number of an epoch."""
    name = checkpoint_name(name)
    folder = Path(tempfile.mkdtemp(prefix="nntracker-download-"))
    try:
        file = folder / f"{name}{form.suffix}"
        with EXPORTS:
            write_checkpoint(
                database_of(request),
                home_of(request),
                viewer_id=caller_of(request).viewer_id,
                run_id=run_id,
                name=name,
                form=form,
                target=file,
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    ended = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    called = f"{str(run_id)[:8]}-{name}{form.suffix}"
    return FileResponse(file, media_type="application/octet-stream", filename=called, background=ended)
