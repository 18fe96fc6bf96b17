"""Routes of what was observed inside a network: which series there are, curves, layers by epochs, arrays."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from apps.api.asked_words import NPZ_CONTENT, WITHOUT_NUL, arrays_answer, npz_answer
from apps.api.heavy_answers import heavy_answer
from apps.api.introspection_schemas import HeatOut, IntrospectionOut, SeriesOut
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.heavy_work import Lane, heavily
from nntracker_ray import npz
from nntracker_ray.plain_values import plain
from nntracker_ray.storage import queries
from nntracker_ray.storage.metric_array_queries import MOST_ARRAYS
from nntracker_ray.storage.queries import OfEpoch
from nntracker_ray.wire import LONGEST_NAME

MOST_POINTS = 200_000  # of one series

router = APIRouter(
    prefix="/api/runs/{run_id}/introspection", tags=["introspection"], responses=documented(404)
)

Name = Annotated[str, Query(max_length=LONGEST_NAME, pattern=WITHOUT_NUL)]
Names = Annotated[list[Name] | None, Query(max_length=100, description="only these; repeat for several")]
AfterStep = Annotated[int, Query(ge=-1, le=2**63 - 1, description="only later steps: what you lack")]


@router.get("")
def run_introspection(request: Request, run_id: UUID) -> IntrospectionOut:
    """What is looked at inside the network, what that costs, and which series there are."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        facts = queries.run_facts(conn, viewer_id=viewer_id, run_id=run_id)
        series = queries.observed_series(conn, viewer_id=viewer_id, run_id=run_id)
    return IntrospectionOut(
        introspection=plain(facts.get("introspection")),
        cost=plain(facts.get("introspection_cost")),
        series=[SeriesOut.of(one) for one in series],
    )


@router.get("/curves", response_class=Response, responses={**NPZ_CONTENT, **documented(404)})
async def run_layer_curves(
    request: Request,
    run_id: UUID,
    metric: Names = None,
    layer: Names = None,
    tensor: Names = None,
    after_epoch: Annotated[int, Query(ge=-1, le=2**31 - 1)] = -1,
    after_step: AfterStep = -1,
    max_points: Annotated[
        int | None, Query(ge=3, le=MOST_POINTS, description="of each series; every point if absent")
    ] = None,
) -> Response:
    """Numbers measured inside the network, by metric, layer, tensor, epoch and step.

    NPZ of columns: metric, layer, tensor (each the place of its text in `metric.words`, ...), epoch, step, value
    (float64), time (datetime64[us], UTC), inherited. With `max_points` least and greatest of every stretch are among
    the points, and a further column, `points`, says how many the series has.
    """
    viewer_id = caller_of(request).viewer_id

    def read() -> Response:
        with database_of(request).connection() as conn:
            columns = queries.layer_curves(
                conn,
                viewer_id=viewer_id,
                run_id=run_id,
                metrics=metric,
                layers=layer,
                tensors=tensor,
                after_epoch=after_epoch,
                after_step=after_step,
            )
        if max_points is not None:
            columns = queries.thinned_curves(columns, max_points)
        return npz_answer(npz.write_columns(columns))

    return await heavily(Lane.NUMBERS, read)


@router.get("/heat", response_model=HeatOut)
async def run_layer_heat(
    request: Request,
    run_id: UUID,
    metric: Name,
    tensor: Annotated[Name | None, Query(description="only this one; a row for each if absent")] = None,
    of_epoch: Annotated[
        OfEpoch, Query(description="which number stands for an epoch that was looked at several times")
    ] = OfEpoch.LAST,
) -> Response:
    """A metric of layers over epochs; no rows before its first look."""
    viewer_id = caller_of(request).viewer_id

    def read() -> HeatOut:
        with database_of(request).connection() as conn:
            found = queries.layer_heat(
                conn, viewer_id=viewer_id, run_id=run_id, metric=metric, tensor=tensor, of_epoch=of_epoch
            )
        return HeatOut.of(metric, of_epoch, found)

    return await heavy_answer(read)


@router.get("/arrays", response_class=Response, responses={**NPZ_CONTENT, **documented(404)})
async def run_metric_arrays(
    request: Request,
    run_id: UUID,
    metric: Name,
    layer: Name = "",
    tensor: Name = "",
    after_step: AfterStep = -1,
    most: Annotated[int, Query(ge=1, le=MOST_ARRAYS)] = 1000,
) -> Response:
    """Histograms, or other arrays, of one layer and tensor, by step. Of more than `most`, evenly spaced ones.

    NPZ: `points`, how many there are; `epoch`, `step`, `time` (datetime64[us], UTC) and `inherited` of those that are
    given; `values_0`, `values_1`, ... in their own dtypes; of histograms `edges_0`, ..., one more than counts.
    """
    viewer_id = caller_of(request).viewer_id

    def read() -> Response:
        with database_of(request).connection() as conn:
            found = queries.metric_arrays(
                conn,
                viewer_id=viewer_id,
                run_id=run_id,
                metric=metric,
                layer=layer,
                tensor=tensor,
                after_step=after_step,
                most=most,
            )
        return arrays_answer(**_columns(found), **_members(found.arrays))

    return await heavily(Lane.NUMBERS, read)


def _columns(found: queries.StoredArrays) -> dict[str, np.ndarray]:
    arrays = found.arrays
    return {
        "points": np.array(found.points),
        "epoch": np.array([one.epoch for one in arrays], np.int32),
        "step": np.array([one.step for one in arrays], np.int64),
        "time": np.array([one.measured_at.replace(tzinfo=None) for one in arrays], "datetime64[us]"),
        "inherited": np.array([one.inherited for one in arrays], bool),
    }


def _members(arrays: tuple[queries.StoredArray, ...]) -> dict[str, np.ndarray]:
    members = {f"values_{place}": one.values for place, one in enumerate(arrays)}
    edges = {f"edges_{place}": one.edges for place, one in enumerate(arrays) if one.edges is not None}
    return members | edges
