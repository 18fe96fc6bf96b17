"""Routes of a run's checkpoints: which there are, and one of them as a file."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from apps.api.control_schemas import CheckpointOut
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of, home_of
from apps.heavy_work import Lane, heavily
from nntracker_ray.checkpoint_files import Form, checkpoint_name, write_checkpoint
from nntracker_ray.storage import queries

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
async def download_checkpoint(
    request: Request,
    run_id: UUID,
    name: str,
    form: Annotated[Form, Query(alias="as", description="what the file is to be")] = Form.KERAS,
) -> FileResponse:
    """One checkpoint as a Keras model, as weights (NPZ), or as it is. Its name, or the number of an epoch."""
    name = checkpoint_name(name)
    folder = Path(tempfile.mkdtemp(prefix="nntracker-download-"))
    file = folder / f"{name}{form.suffix}"

    def write() -> None:
        write_checkpoint(
            database_of(request),
            home_of(request),
            viewer_id=caller_of(request).viewer_id,
            run_id=run_id,
            name=name,
            form=form,
            target=file,
        )

    try:
        await heavily(Lane.CHECKPOINTS, write)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return PassingFile(file, filename=f"{str(run_id)[:8]}-{name}{form.suffix}")


class PassingFile(FileResponse):
    """A file in a folder of its own, which is gone with it once it was sent, or could not be."""

    media_type = "application/octet-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Not by a background task: of an answer that is cut off, nobody would run it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            shutil.rmtree(Path(self.path).parent, ignore_errors=True)
