"""Routes that compare runs: groups, differences, parameters. Of what the caller may not see nothing counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from apps.api.asked_words import Word
from apps.api.comparison_schemas import (
    AggregateOut,
    DifferenceOut,
    MemberOut,
    ParametersOut,
    WeightDifferenceOut,
)
from apps.api.heavy_answers import heavy_answer
from apps.api.problems import documented
from apps.api.request_state import caller_of, database_of
from nntracker_ray.commands import Selection, require_parts
from nntracker_ray.comparing import Curve, aggregate, difference_of, parameters_of
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.records import RunRow, RunState
from nntracker_ray.storage import comparison_queries
from nntracker_ray.storage.connection import Connection

router = APIRouter(prefix="/api/compare", tags=["comparisons"], responses=documented(400, 404))

MOST_ANSWERED = 1_000_000  # epochs of one answer: some 100 MB of JSON

Text = Annotated[Word, Query()]


def _selection(
    run_id: Annotated[list[UUID] | None, Query(max_length=1000, description="repeat for several")] = None,
    tag: Annotated[Word | None, Query()] = None,
    experiment_id: UUID | None = None,
    state: Annotated[list[RunState] | None, Query(description="only in these; repeat for several")] = None,
) -> Selection:
    """The runs that match every part given."""
    return Selection(
        run_ids=tuple(run_id or ()), experiment_id=experiment_id, tag=tag, states=tuple(state or ())
    )


Wanted = Annotated[Selection, Depends(_selection)]


@router.get("/aggregate", response_model=AggregateOut)
async def compare_aggregate(
    request: Request, wanted: Wanted, metric: Text, members: bool = False
) -> Response:
    """Least, greatest, mean, median and deviation of a metric over runs of any age and length, epoch by epoch."""
    viewer_id = caller_of(request).viewer_id

    def work() -> AggregateOut:
        with database_of(request).connection() as conn:
            rows, curves = _curves(conn, viewer_id, wanted, metric)
        _require_room([*curves.values()] if members else [max(curves.values(), key=_length, default=None)])
        names = {row.run_id: row.name for row in rows}
        told = [MemberOut.of(names[run_id], curve) for run_id, curve in curves.items()] if members else None
        return AggregateOut.of(metric, len(rows), len(curves), aggregate([*curves.values()]), told)

    return await heavy_answer(work)


@router.get("/difference", response_model=DifferenceOut)
async def compare_difference(
    request: Request,
    wanted: Wanted,
    minus: Annotated[
        Word,
        Query(description="run:ID, tag:NAME or experiment:ID; an id alone is a run", examples=["tag:base"]),
    ],
    metric: Text,
) -> Response:
    """A metric of a run, or the mean over several, minus that of another, at the epochs that both have."""
    viewer_id, both = caller_of(request).viewer_id, (wanted, _subtracted(minus))

    def work() -> DifferenceOut:
        with database_of(request).connection() as conn:
            sides = [[*_curves(conn, viewer_id, one, metric)[1].values()] for one in both]
        if not all(sides):
            raise NotFoundError(
                f"no values of {metric!r} on one side; /api/runs tells which metrics runs have"
            )
        _require_room([max(side, key=_length) for side in sides])
        return DifferenceOut.of(metric, difference_of(*sides))

    return await heavy_answer(work)


@router.get("/parallel")
def compare_parameters(request: Request, wanted: Wanted, metric: Text) -> ParametersOut:
    """What runs were given beside what came of it: for parallel coordinates and scatters."""
    viewer_id = caller_of(request).viewer_id
    with database_of(request).connection() as conn:
        rows = _rows(conn, viewer_id, wanted)
        runs = comparison_queries.run_parameters(conn, viewer_id=viewer_id, rows=rows, metric=metric)
    return ParametersOut.of(metric, parameters_of(runs))


@router.get("/weights", response_model=WeightDifferenceOut)
async def compare_weights(
    request: Request, run_id: UUID, minus: UUID, layer: Text, tensor: Text = "kernel"
) -> Response:
    """An array of a run minus the same array of another: norms and histograms at every common capture."""
    viewer_id = caller_of(request).viewer_id

    def work() -> WeightDifferenceOut:
        with database_of(request).connection() as conn:
            found, captures = comparison_queries.weight_difference(
                conn, viewer_id=viewer_id, run_id=run_id, minus=minus, layer=layer, tensor=tensor
            )
        return WeightDifferenceOut.of(layer, tensor, captures, found)

    return await heavy_answer(work)


def _curves(
    conn: Connection, viewer_id: UUID, wanted: Selection, metric: str
) -> tuple[tuple[RunRow, ...], dict[UUID, Curve]]:
    rows = _rows(conn, viewer_id, wanted)
    run_ids = [row.run_id for row in rows]
    curves = comparison_queries.comparison_curves(conn, viewer_id=viewer_id, run_ids=run_ids, metric=metric)
    return rows, curves


def _length(curve: Curve) -> int:
    return len(curve.epochs)


def _require_room(curves: Sequence[Curve | None]) -> None:
    """Raises: BadInputError: These are too many numbers for one answer."""
    epochs = sum(_length(curve) for curve in curves if curve is not None)
    if epochs > MOST_ANSWERED:
        raise BadInputError(
            f"the answer would have {epochs:,} epochs; at most {MOST_ANSWERED:,} fit. Ask for fewer runs, no members, "
            "or for arrays by GET /api/metrics"
        )


def _rows(conn: Connection, viewer_id: UUID, wanted: Selection) -> tuple[RunRow, ...]:
    require_parts(wanted)
    rows = comparison_queries.runs_to_compare(conn, viewer_id=viewer_id, selection=wanted)
    if not rows:
        raise NotFoundError("no runs match; GET /api/runs lists those that are there")
    return rows


def _subtracted(text: str) -> Selection:
    kind, colon, key = text.partition(":")
    if colon and kind == "tag":
        return Selection(tag=key)
    try:
        found = UUID(key if colon else text)
    except ValueError:
        raise _unreadable(text) from None
    if colon and kind not in ("run", "experiment"):
        raise _unreadable(text)
    return Selection(experiment_id=found) if kind == "experiment" else Selection(run_ids=(found,))


def _unreadable(text: str) -> BadInputError:
    return BadInputError(f"minus={text!r:.100} is not run:ID, tag:NAME or experiment:ID")
