"""Routes of captured weights: layers, points to draw, histograms, and a whole capture as a file."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from apps.api.asked_words import NPZ_CONTENT, Word
from apps.api.heavy_answers import heavy_answer
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from apps.api.schemas import ArrayOut, Number, json_number
from apps.heavy_work import Lane, heavily
from nntracker_ray import npz
from nntracker_ray.errors import NotFoundError
from nntracker_ray.histograms import MOST_BINS, Histograms, histograms_over_epochs
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import queries

MOST_POINTS = 200_000
MOST_VALUES = 20_000_000  # counted into histograms: beyond, evenly spaced epochs are
LAST_EPOCH = 2**31 - 1

router = APIRouter(prefix="/api/runs/{run_id}", tags=["captures"], responses=documented(404))

Name = Annotated[Word, Query()]


class CapturedLayerOut(BaseModel):
    """One layer of the model, and which of its arrays are captured."""

    name: str
    kind: str | None = Field(description="Keras' class; null before the model was built")
    output_shape: list[int | None] | None = Field(description="null stands for the batch")
    parameters: int | None
    arrays: list[ArrayOut]


class WeightPoints(BaseModel):
    """One array over its epochs, column by column."""

    epoch: list[int] = Field(description="0-based")
    index: list[int] = Field(description="place in the flattened array, C order")
    value: list[Number]


class HistogramsOut(BaseModel):
    """How the values of one array are spread at each epoch; the same bins for all."""

    epochs: list[int] = Field(description="0-based, ascending")
    edges: list[float] = Field(description="one more than there are bins")
    counts: list[list[int]] = Field(description="a list for each epoch")
    not_finite: list[int] = Field(description="values in no bin, for each epoch")
    size: int = Field(description="values of the array")

    @classmethod
    def of(cls, found: Histograms) -> HistogramsOut:
        """From what was counted."""
        return cls(
            epochs=found.epochs.tolist(),
            edges=found.edges.tolist(),
            counts=found.counts.tolist(),
            not_finite=found.not_finite.tolist(),
            size=found.size,
        )


@router.get("/layers")
def run_layers(request: Request, run_id: UUID) -> list[CapturedLayerOut]:
    """The layers of the model in its order, with the arrays that were captured of them."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        facts = queries.run_facts(conn, viewer_id=viewer_id, run_id=run_id)
        rows = queries.weight_arrays(conn, viewer_id=viewer_id, run_id=run_id)
    return _layers(facts.get("model_summary"), [ArrayOut(**row) for row in rows])


@router.get("/weights/points", response_model=WeightPoints)
async def run_weight_points(
    request: Request,
    run_id: UUID,
    layer: Name,
    tensor: Name = "kernel",
    max_points: Annotated[int, Query(ge=2, le=MOST_POINTS)] = 10_000,
) -> Response:
    """One array over its epochs in at most so many points; least and greatest of every stretch are among them."""
    viewer_id = caller_of(request).viewer_id

    def read() -> WeightPoints:
        with database_of(request).connection() as conn:
            columns = queries.reduced_weights(
                conn, viewer_id=viewer_id, run_id=run_id, layer=layer, tensor=tensor, max_points=max_points
            )
        return WeightPoints(
            epoch=np.asarray(columns["epoch"]).tolist(),
            index=np.asarray(columns["index"]).tolist(),
            value=[json_number(value) for value in np.asarray(columns["value"]).tolist()],
        )

    return await heavy_answer(read)


@router.get("/captures/{epoch}", response_class=Response, responses={**NPZ_CONTENT, **documented(404)})
async def run_capture(request: Request, run_id: UUID, epoch: int) -> Response:
    """Every array captured at the end of an epoch (0-based). NPZ: by "layer/tensor", each in its own dtype."""
    if not 0 <= epoch <= LAST_EPOCH:
        raise NotFoundError(f"there is no epoch {epoch}; epochs are counted from 0")
    viewer_id = caller_of(request).viewer_id

    def read() -> bytes:
        with database_of(request).connection() as conn:
            arrays = queries.capture_of_epoch(conn, viewer_id=viewer_id, run_id=run_id, epoch=epoch)
        return npz.write_arrays(arrays)

    content = await heavily(Lane.NUMBERS, read)
    called = f'attachment; filename="{str(run_id)[:8]}-epoch-{epoch:04}.npz"'
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"content-disposition": called, "x-content-form": "npz"},
    )


@router.get("/histograms", response_model=HistogramsOut)
async def run_histograms(
    request: Request,
    run_id: UUID,
    layer: Name,
    tensor: Name = "kernel",
    bins: Annotated[int, Query(ge=1, le=MOST_BINS)] = 60,
) -> Response:
    """Histograms of one array over its epochs. Of more than 20 million values, those of evenly spaced epochs."""
    viewer_id = caller_of(request).viewer_id

    def count() -> HistogramsOut:
        with database_of(request).connection() as conn:
            read = partial(
                queries.captures_of_array,
                conn,
                viewer_id=viewer_id,
                run_id=run_id,
                layer=layer,
                tensor=tensor,
                most_values=MOST_VALUES,
            )
            return HistogramsOut.of(histograms_over_epochs(read, bins=bins))

    return await heavy_answer(count)


def _layers(summary: JsonValue, arrays: list[ArrayOut]) -> list[CapturedLayerOut]:
    """As the model's summary orders them; where it is not known yet, as the captures do."""
    told = summary.get("layers") if isinstance(summary, dict) else None
    known = [layer for layer in told or () if isinstance(layer, dict)]
    names = dict.fromkeys([*(str(one.get("name")) for one in known), *(one.layer_name for one in arrays)])
    by_name = {str(one.get("name")): one for one in known}
    return [
        CapturedLayerOut(
            name=name,
            kind=by_name.get(name, {}).get("kind"),
            output_shape=by_name.get(name, {}).get("output_shape"),
            parameters=by_name.get(name, {}).get("parameters"),
            arrays=[one for one in arrays if one.layer_name == name],
        )
        for name in names
    ]
