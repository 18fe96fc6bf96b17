"""Routes of stored models: upload, list, look at, download, share, delete."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from apps.api.asked_words import WITHOUT_NUL
from apps.api.bodies import short_body
from apps.api.datasets import Name, hex_digest
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of, home_of
from apps.api.stored_schemas import ModelList, ModelOut, VisibilityIn
from apps.heavy_work import Lane, heavily
from nntracker_ray.models.limits import DEFAULT_LIMITS
from nntracker_ray.models.store import ModelStore
from nntracker_ray.storage import model_rows
from nntracker_ray.stored_files import keep_model

router = APIRouter(prefix="/api/models", tags=["models"])
MODEL_BODY = {
    "requestBody": {
        "required": True,
        "description": "Keras JSON, as model.to_json() writes it (Keras 2 or 3)",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.post(
    "",
    status_code=201,
    openapi_extra=MODEL_BODY,
    responses={200: {"model": ModelOut}, **documented(400, 409, 413, 507)},
)
async def upload_model(
    request: Request,
    response: Response,
    name: Name,
    is_public: bool = False,
    renumber: Annotated[bool, Query(description="if the name is taken: take `name (2)`")] = False,
) -> ModelOut:
    """Keep a model. 201: it is new; 200: you have the same model under this name already."""
    actor, database, home = actor_of(request), database_of(request), home_of(request)
    text = await short_body(request, most=DEFAULT_LIMITS.text_bytes)
    row, is_new = await heavily(
        Lane.LOOKING,
        lambda: keep_model(database, home, actor, text, name=name, is_public=is_public, renumber=renumber),
    )
    response.status_code = 201 if is_new else 200
    response.headers["location"] = f"/api/models/{row.model_id}"
    return ModelOut.of(row)


@router.get("", responses=documented(400))
def list_models(
    request: Request,
    search: Annotated[str, Query(max_length=200, pattern=WITHOUT_NUL, description="part of the name")] = "",
    name: Annotated[str | None, Query(max_length=200, pattern=WITHOUT_NUL)] = None,
    digest: Annotated[
        str | None, Query(max_length=80, description="`sha256:` or the hex digits alone")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> ModelList:
    """Models that you may use: your own first, then public ones."""
    with database_of(request).connection() as conn:
        page = model_rows.page_of_models(
            conn,
            viewer_id=caller_of(request).viewer_id,
            digest=hex_digest(digest),
            name=name,
            search=search,
            limit=limit,
            offset=offset,
        )
    return ModelList(total=page.total, models=[ModelOut.of(row) for row in page.rows])


@router.get("/{model_id}", responses=documented(404))
def find_model(request: Request, model_id: UUID) -> ModelOut:
    """One model: its layers with their shapes and parameters."""
    with database_of(request).connection() as conn:
        row = model_rows.find_model(conn, viewer_id=caller_of(request).viewer_id, model_id=model_id)
    return ModelOut.of(row)


@router.get("/{model_id}/json", responses=documented(404))
def download_model(request: Request, model_id: UUID) -> Response:
    """The model as canonical Keras 3 JSON."""
    with database_of(request).connection() as conn:
        row = model_rows.find_model(conn, viewer_id=caller_of(request).viewer_id, model_id=model_id)
    return Response(ModelStore(home_of(request)).get(row.digest), media_type="application/json")


@router.patch("/{model_id}", responses=documented(404))
def publish_model(request: Request, model_id: UUID, wanted: VisibilityIn) -> ModelOut:
    """Let every account use it, or you alone."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        model_rows.publish_model(conn, actor_id=actor.user_id, model_id=model_id, is_public=wanted.is_public)
        row = model_rows.find_model(conn, viewer_id=actor.user_id, model_id=model_id)
        actor.note(conn, "published a model" if wanted.is_public else "withdrew a model", row.name)
    return ModelOut.of(row)


@router.delete("/{model_id}", status_code=204, responses=documented(404, 409))
def delete_model(request: Request, model_id: UUID) -> Response:
    """Forget it. 409 while an experiment that you see needs it."""
    actor = actor_of(request)
    with database_of(request).connection() as conn:
        gone = model_rows.delete_model(conn, actor_id=actor.user_id, model_id=model_id)
        actor.note(conn, "deleted a model", gone.name, gone.digest[:12])
    return Response(status_code=204)
