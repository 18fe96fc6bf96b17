"""Questions to the platform that several parts of the client ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from nntracker_ray.client.api import Api, RunPage
from nntracker_ray.commands import CommandRow, Selection, require_parts
from nntracker_ray.records import RunRow

PAGE = 1000  # runs in one answer
IDS_AT_ONCE = 150  # ids in one address: longer ones are refused on the way


def page_of_runs(api: Api, selection: Selection, *, limit: int, offset: int = 0, **more: Any) -> RunPage:
    """A page of the runs that match, newest experiment first, then grid order."""
    return api.read(
        RunPage,
        "/api/runs",
        run_id=tuple(map(str, selection.run_ids)),
        experiment_id=_text(selection.experiment_id),
        tag=selection.tag,
        state=tuple(state.value for state in selection.states),
        limit=min(limit, PAGE),
        offset=offset,
        **more,
    )


def select_runs(api: Api, selection: Selection) -> list[RunRow]:
    """Every run that matches. Raises: BadInputError: The selection is empty."""
    require_parts(selection)
    return [row for part in _parts(selection) for row in _all_pages(api, part)]


def first_runs(api: Api, selection: Selection, limit: int) -> RunPage:
    """The first runs that match, and how many do."""
    first = page_of_runs(api, selection, limit=limit)
    rows = list(first.runs)
    while len(rows) < min(limit, first.total):
        more = page_of_runs(api, selection, limit=limit - len(rows), offset=len(rows)).runs
        if not more:
            break
        rows += more
    return RunPage(first.total, tuple(rows))


def experiment_rows(api: Api, experiment_id: UUID) -> list[RunRow]:
    """Every run of an experiment, in grid order."""
    return select_runs(api, Selection(experiment_id=experiment_id))


def find_run(api: Api, run_id: UUID) -> RunRow:
    """One run. Raises: NotFoundError: No such run, or not the caller's to see."""
    return api.read(RunRow, f"/api/runs/{run_id}")


def find_command(api: Api, command_id: UUID, *, wait_s: float = 0.0) -> CommandRow:
    """One command; with `wait_s` once nothing is pending, or when the time is over. Raises: NotFoundError."""
    return api.read(CommandRow, f"/api/commands/{command_id}", wait_s=wait_s or None)


def run_called(api: Api, word: str) -> UUID:
    """The run that a word means. Raises: NotFoundError, BadInputError: None is, or several are."""
    return UUID(api.get("/api/find", word=word, kind="run")["id"])


def experiment_called(api: Api, word: str) -> UUID:
    """The experiment that a word means. Raises: NotFoundError, BadInputError: None is, or several are."""
    return UUID(api.get("/api/find", word=word, kind="experiment")["id"])


def _all_pages(api: Api, selection: Selection) -> Iterator[RunRow]:
    offset = 0
    while True:
        page = page_of_runs(api, selection, limit=PAGE, offset=offset)
        yield from page.runs
        offset += len(page.runs)
        if not page.runs or offset >= page.total:
            return


def _parts(selection: Selection) -> Sequence[Selection]:
    """The selection in pieces that fit into an address each."""
    ids = selection.run_ids
    if len(ids) <= IDS_AT_ONCE:
        return [selection]
    return [
        Selection(ids[start : start + IDS_AT_ONCE], selection.experiment_id, selection.tag, selection.states)
        for start in range(0, len(ids), IDS_AT_ONCE)
    ]


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
