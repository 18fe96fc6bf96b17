"""Routes of stored datasets: upload, list, look at, share, delete."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from apps.api.asked_words import WITHOUT_NUL
from apps.api.bodies import body_to_file
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of, home_of
from apps.api.stored_schemas import DatasetList, DatasetOut, VisibilityIn
from apps.heavy_work import Lane, heavily
from nntracker_ray.datasets.store import DatasetStore
from nntracker_ray.datasets.stored import ORIGINAL_FILE
from nntracker_ray.errors import BadInputError
from nntracker_ray.storage import dataset_rows
from nntracker_ray.storage.dataset_rows import DatasetRow
from nntracker_ray.stored_files import NAME_RULE, checked_name, keep_dataset

LISTED_COLUMNS = 20  # of each dataset of a list: a thousand wide tables would be a long answer

router = APIRouter(prefix="/api/datasets", tags=["datasets"])
Name = Annotated[str, Query(min_length=1, max_length=200, description=NAME_RULE)]
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "the file itself: NPZ, CSV, ARFF, JSON, pickled DataFrame, or a zip of one",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    status_code=201,
    openapi_extra=FILE_BODY,
    responses={200: {"model": DatasetOut}, **documented(400, 409, 413, 507)},
)
async def upload_dataset(
    request: Request,
    response: Response,
    name: Name,
    is_public: bool = False,
    renumber: Annotated[bool, Query(description="if the name is taken: take `name (2)`")] = False,
) -> DatasetOut:
    """Keep a dataset. 201: it is new; 200: you have the same file under this name already.

    The file is read in a confined process; the answer says what was found in it.
    """
    actor, database, store = actor_of(request), database_of(request), DatasetStore(home_of(request))
    name = checked_name(name)

    def keep() -> tuple[DatasetRow, bool]:
        return keep_dataset(database, store, actor, folder, name=name, is_public=is_public, renumber=renumber)

    with store.aside() as folder:
        await body_to_file(request, folder / ORIGINAL_FILE, most=store.limits.file_bytes)
        row, is_new = await heavily(Lane.READING, keep)
    response.status_code = 201 if is_new else 200
    response.headers["location"] = f"/api/datasets/{row.dataset_id}"
    return DatasetOut.of(row)


@router.get("", responses=documented(400))
def list_datasets(
    request: Request,
    search: Annotated[str, Query(max_length=200, pattern=WITHOUT_NUL, description="part of the name")] = "",
    name: Annotated[str | None, Query(max_length=200, pattern=WITHOUT_NUL)] = None,
    digest: Annotated[
        str | None, Query(max_length=80, description="`sha256:` or the hex digits alone")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> DatasetList:
    """Datasets that you may use: your own first, then public ones."""
    with database_of(request).connection() as conn:
        page = dataset_rows.page_of_datasets(
            conn,
            viewer_id=caller_of(request).viewer_id,
            digest=hex_digest(digest),
            name=name,
            search=search,
            limit=limit,
            offset=offset,
        )
    return DatasetList(
        total=page.total, datasets=[DatasetOut.of(row, most_columns=LISTED_COLUMNS) for row in page.rows]
    )


@router.get("/{dataset_id}", responses=documented(404))
def find_dataset(request: Request, dataset_id: UUID) -> DatasetOut:
    """One dataset: columns with counts, ranges and the first values."""
    with database_of(request).connection() as conn:
        row = dataset_rows.find_dataset(conn, viewer_id=caller_of(request).viewer_id, dataset_id=dataset_id)
    return DatasetOut.of(row)


@router.patch("/{dataset_id}", responses=documented(404))
def publish_dataset(request: Request, dataset_id: UUID, wanted: VisibilityIn) -> DatasetOut:
    """Let every account use it, or you alone."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        dataset_rows.publish_dataset(
            conn, actor_id=actor.user_id, dataset_id=dataset_id, is_public=wanted.is_public
        )
        row = dataset_rows.find_dataset(conn, viewer_id=actor.user_id, dataset_id=dataset_id)
        actor.note(conn, "published a dataset" if wanted.is_public else "withdrew a dataset", row.name)
    return DatasetOut.of(row)


@router.delete("/{dataset_id}", status_code=204, responses=documented(404, 409))
def delete_dataset(request: Request, dataset_id: UUID) -> Response:
    """Forget it. 409 while an experiment that you see needs it."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        gone = dataset_rows.delete_dataset(conn, actor_id=actor.user_id, dataset_id=dataset_id)
        actor.note(conn, "deleted a dataset", gone.name, gone.digest[:12])
    return Response(status_code=204)


def hex_digest(word: str | None) -> str | None:
    """The hex digits of a digest. Raises: BadInputError: It is none."""
    if word is None:
        return None
    match = re.fullmatch(r"(?:sha256:)?([0-9a-f]{64})", word.strip().lower())
    if match is None:
        raise BadInputError(f"{word!r} is no digest; a SHA-256 has 64 hex digits")
    return match[1]
