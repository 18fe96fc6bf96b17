"""Routes that submit experiments, and say beforehand what would become of one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from apps.api.bodies import short_body
from apps.api.control_schemas import ExperimentOut
from apps.api.problems import documented
from apps.api.request_state import actor_of, caller_of, database_of, home_of
from apps.api.stored_schemas import PreviewOut
from apps.heavy_work import Lane, heavily
from nntracker_ray.config.reading import MAX_BYTES
from nntracker_ray.config.writing import file_of
from nntracker_ray.errors import BadInputError
from nntracker_ray.own_submission import sources_of, submit_own
from nntracker_ray.previewing import preview
from nntracker_ray.storage import queries
from nntracker_ray.storage.experiment_queries import ExperimentRow, experiment_config

router = APIRouter(prefix="/api/experiments", tags=["experiments"])
EXAMPLE = """name: Iris
model: iris model
dataset_train: iris.arff
label_column: kind
total_epochs: 60
loss_functions: [SparseCategoricalCrossentropy]
"""
TEXT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "an experiment file; data and model are stored names, `sha256:` digests or, data, URLs",
        "content": {
            "application/yaml": {"schema": {"type": "string"}, "example": EXAMPLE},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


@router.post("", status_code=201, openapi_extra=TEXT_BODY, responses=documented(400, 409, 413))
async def submit_experiment(
    request: Request,
    response: Response,
    idempotency_key: Annotated[  # noqa: ARG001  (documented; what is submitted twice is the same anyway)
        str | None,
        Header(max_length=200, description="not needed: the same experiment again is the same experiment"),
    ] = None,
) -> ExperimentOut:
    """Check an experiment completely and queue its runs.

    Submitted again, runs that are there stay as they are, missing ones are added, and failed ones are queued again.
    A refusal has `problems`: everything that is wrong, each with its place in the file.
    """
    text = await experiment_text(request)
    row = await heavily(Lane.READING, lambda: _submit(request, text))
    response.headers["location"] = f"/api/experiments/{row.experiment_id}"
    return ExperimentOut.of(row)


@router.post("/preview", openapi_extra=TEXT_BODY, responses=documented(400, 413))
async def preview_experiment(request: Request) -> PreviewOut:
    """What would be made of an experiment, what it costs, and everything that is wrong with it.

    Nothing is stored, and no URL is asked. Data of more than 20 MB are only looked at when it is submitted.
    """
    text = await experiment_text(request)
    sources = sources_of(actor_of(request), home_of(request), database_of(request))
    found = await heavily(
        Lane.LOOKING, lambda: preview(text, home=home_of(request), sources=sources, viewer_id=sources.user_id)
    )
    return PreviewOut.of(found)


@router.get(
    "/{experiment_id}/file",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {}}, "description": "the file"}, **documented(400, 404)},
)
def experiment_file(request: Request, experiment_id: UUID) -> Response:
    """The experiment as a file that can be changed and submitted again."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        config = experiment_config(conn, viewer_id=viewer_id, experiment_id=experiment_id)
    name = f"experiment-{str(experiment_id)[:8]}.yaml"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(file_of(config), media_type="application/yaml", headers=headers)


async def experiment_text(request: Request) -> str:
    """The body as text. Raises: BadInputError: It is empty, or not UTF-8. TooLargeError."""
    body = await short_body(request, most=MAX_BYTES)
    if not body.strip():
        raise BadInputError("nothing came; send an experiment file, YAML or JSON, as the body of the request")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(f"the body is not UTF-8 text (byte {error.start})") from error


def _submit(request: Request, text: str) -> ExperimentRow:
    actor, database = actor_of(request), database_of(request)
    experiment_id = submit_own(text, actor=actor, home=home_of(request), database=database)
    with database.connection() as conn:
        return queries.find_experiment(conn, viewer_id=actor.user_id, experiment_id=experiment_id)
