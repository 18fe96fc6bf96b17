"""Giving a command: what is asked of which runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nntracker_ray.client.api import Api
from nntracker_ray.commands import CommandRow, Selection, Verb
from nntracker_ray.errors import UnconfirmedError
from nntracker_ray.records import JsonValue, RunRow

ASKED_AGAIN = 3  # times a deletion is confirmed anew, when others change the number of runs meanwhile


@dataclass(frozen=True, slots=True)
class DeletionCost:
    """What is lost with a run."""

    captures: int  # epochs at which arrays were stored
    captured_bytes: int
    checkpoint_bytes: int
    metric_points: int
    forks: int  # runs that go on from it; they keep what they inherited


@dataclass(frozen=True, slots=True)
class Doomed:
    """A run and what is lost with it."""

    run: RunRow
    cost: DeletionCost

    @property
    def bytes(self) -> int:
        """In the database and on the disk, without what takes little room."""
        return self.cost.captured_bytes + self.cost.checkpoint_bytes


@dataclass(frozen=True, slots=True)
class DeletionPreview:
    """What a deletion would remove."""

    confirmation: str  # the text that confirms it
    runs: list[Doomed]


def selection_body(selection: Selection) -> dict[str, JsonValue]:
    """The selection as the platform takes it."""
    parts: dict[str, JsonValue] = {
        "run_ids": [str(run_id) for run_id in selection.run_ids],
        "experiment_id": None if selection.experiment_id is None else str(selection.experiment_id),
        "tag": selection.tag,
        "states": [state.value for state in selection.states],
        "said": selection.said,
    }
    return {name: value for name, value in parts.items() if value}


def give_command(
    api: Api,
    verb: Verb,
    selection: Mapping[str, JsonValue],
    *,
    arguments: Mapping[str, Any] | None = None,
    key: str | None = None,
    confirmation: str | None = None,
) -> CommandRow:
    """Ask something of runs. Returns the command as it stands at once.

    Args:
        selection: As `selection_body` gives it, or with the words of a person.
        confirmation: Of a deletion.
    Raises:
        UnconfirmedError: A deletion that was not confirmed, or for another number of runs; it names the text.
        NotFoundError, BadInputError, ConflictError: As `nntracker_ray.control.command` does.
    """
    body = {"verb": verb.value, "selection": dict(selection), "arguments": dict(arguments or {})}
    also = {"confirmation": confirmation} if confirmation is not None else {}
    return api.send(CommandRow, "/api/commands", {**body, **also}, key=key)


def delete_runs(api: Api, selection: Mapping[str, JsonValue], *, key: str | None = None) -> CommandRow:
    """Delete the runs, however many they are. Only for a selection that somebody has agreed to."""
    confirmation: str | None = None
    for _ in range(ASKED_AGAIN):
        try:
            return give_command(api, Verb.DELETE, selection, key=key, confirmation=confirmation)
        except UnconfirmedError as error:
            confirmation = error.confirmation
    return give_command(api, Verb.DELETE, selection, key=key, confirmation=confirmation)


def preview_deletion(api: Api, selection: Mapping[str, JsonValue]) -> DeletionPreview:
    """What would be lost. Changes nothing. Raises: NotFoundError: No run is meant."""
    return api.send(DeletionPreview, "/api/deletion-preview", {"selection": dict(selection)})
