"""Routes that read what was recorded: facts and specification of a run, captured arrays, curves of many runs."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from apps.api.asked_words import NPZ_CONTENT, Metrics, Word, arrays_answer, npz_answer
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.api.schemas import ArrayOut, SummaryOut, json_number
from apps.heavy_work import Lane, heavily
from nntracker_ray import npz
from nntracker_ray.commands import Selection
from nntracker_ray.plain_values import plain
from nntracker_ray.records import to_json
from nntracker_ray.run_lists import RunFilter
from nntracker_ray.storage import queries
from nntracker_ray.storage.tables import lines_of

router = APIRouter(prefix="/api", responses=documented(404))

Text = Annotated[Word, Query()]


@router.get("/runs/{run_id}/facts", tags=["runs"])
def run_facts(request: Request, run_id: UUID) -> dict[str, Any]:
    """What is true of the run as a whole: effective learning rate, environment, scaling, ..."""
    with database_of(request).connection() as conn:
        found = queries.run_facts(conn, viewer_id=caller_of(request).viewer_id, run_id=run_id)
    facts: dict[str, Any] = plain(found)
    return facts


@router.get("/runs/{run_id}/specification", tags=["runs"])
def run_specification(request: Request, run_id: UUID) -> Response:
    """Everything that determines the run: with the seed in it the same bits on the same kind of CPU."""
    with database_of(request).connection() as conn:
        spec = queries.run_spec(conn, viewer_id=caller_of(request).viewer_id, run_id=run_id)
    return Response(to_json(spec), media_type="application/json")


@router.get("/runs/{run_id}/arrays", tags=["runs"])
def run_arrays(request: Request, run_id: UUID) -> list[ArrayOut]:
    """Which arrays were captured, in the order of the model."""
    with database_of(request).connection() as conn:
        rows = queries.weight_arrays(conn, viewer_id=caller_of(request).viewer_id, run_id=run_id)
    return [ArrayOut(**row) for row in rows]


@router.get(
    "/runs/{run_id}/weights",
    tags=["runs"],
    response_class=Response,
    responses={**NPZ_CONTENT, **documented(404)},
)
async def run_weights(request: Request, run_id: UUID, layer: Text, tensor: Text = "kernel") -> Response:
    """One array of a layer at every epoch it was captured. NPZ: `epochs` (e,); `values` (e, *shape), its own dtype."""
    viewer_id = caller_of(request).viewer_id

    def read() -> Response:
        with database_of(request).connection() as conn:
            epochs, values = queries.layer_weights(
                conn, viewer_id=viewer_id, run_id=run_id, layer=layer, tensor=tensor
            )
        return arrays_answer(epochs=epochs, values=values)

    return await heavily(Lane.NUMBERS, read)


@router.get("/metrics", tags=["runs"], response_class=Response, responses={**NPZ_CONTENT, **documented(404)})
async def many_metrics(
    request: Request,
    run_id: Annotated[list[UUID] | None, Query(max_length=200, description="repeat for several")] = None,
    experiment_id: UUID | None = None,
    metric: Metrics = None,
    after_epoch: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
) -> Response:
    """Metric values of many runs, or of an experiment's, by run, metric and epoch.

    NPZ of columns: run_id, metric (each the place of its text in `run_id.words`, `metric.words`), epoch, step, value
    (float64), time (datetime64[us], UTC), inherited. Runs that are not there add nothing.
    """
    viewer_id = caller_of(request).viewer_id

    def read() -> Response:
        with database_of(request).connection() as conn:
            ids = list(run_id or ())
            if experiment_id is not None:
                wanted = RunFilter(Selection(experiment_id=experiment_id))
                page = queries.page_of_runs(conn, viewer_id=viewer_id, wanted=wanted, limit=None)
                ids += [row.run_id for row in page.rows]
            columns = queries.learning_curves(
                conn, viewer_id=viewer_id, run_ids=ids, metrics=metric, after_epoch=after_epoch
            )
        return npz_answer(npz.write_columns(columns))

    return await heavily(Lane.NUMBERS, read)


@router.get("/experiments/{experiment_id}/summary", tags=["experiments"])
def experiment_summary(request: Request, experiment_id: UUID) -> list[SummaryOut]:
    """Mean and standard deviation of the last values over folds and repeats, by configuration and metric."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        lines = lines_of(queries.fold_summary(conn, viewer_id=viewer_id, experiment_id=experiment_id))
    return [
        SummaryOut(
            **{
                **line,
                "mean": None if line["mean"] is None else json_number(line["mean"]),
                "std": json_number(line["std"]),
            }
        )
        for line in lines
    ]


@router.get(
    "/experiments/{experiment_id}/folds/{fold}",
    tags=["experiments"],
    response_class=Response,
    responses={**NPZ_CONTENT, **documented(404)},
)
def experiment_fold(request: Request, experiment_id: UUID, fold: int) -> Response:
    """Rows of the training set in a fold (0-based). NPZ: `trained`, those trained on; `held_out`, the others."""
    viewer_id = caller_of(request).viewer_id
    if not 0 <= fold < 2**31:
        fold = 2**31 - 1  # there is none: said as for any other number
    with database_of(request).connection() as conn:
        trained, held_out = queries.fold_membership(
            conn, viewer_id=viewer_id, experiment_id=experiment_id, fold=fold
        )
    return arrays_answer(trained=trained, held_out=held_out)
