"""Which runs a request means: by id, by the words that people have, or all."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from apps.api.asked_words import Word
from nntracker_ray.commands import Selection
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.records import RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection

MOST_WORDS = 1000


class SelectionIn(BaseModel, extra="forbid"):
    """The runs that are meant: those that match every part given. `states` narrows the others down."""

    run_ids: Annotated[tuple[UUID, ...], Field(max_length=10_000)] = ()
    runs: Annotated[
        tuple[Word, ...],
        Field(max_length=MOST_WORDS, description="by number, name, or the beginning of an id"),
    ] = ()
    experiment_id: UUID | None = None
    experiment: Word | None = Field(default=None, description="by name, or the beginning of its id")
    tag: Word | None = None
    states: tuple[RunState, ...] = ()
    everything: bool = Field(default=False, description="every run of the caller's own")
    said: Annotated[str, Field(max_length=200_000, pattern=r"^[^\x00]*$")] = Field(
        default="",
        description="the choice as it was typed: with the same Idempotency-Key it is known again, whatever its "
        "words mean by then",
    )

    def resolved(self, conn: Connection, actor_id: UUID) -> Selection:
        """As the library has it.

        Raises:
            NotFoundError: A word means nothing, or everything is meant and there is nothing.
            BadInputError: A word means several, or everything came with a narrower choice.
        """
        named = [queries.run_called(conn, viewer_id=actor_id, word=word) for word in self.runs]
        return Selection(
            run_ids=tuple(dict.fromkeys([*self.run_ids, *named, *self._all(conn, actor_id)])),
            experiment_id=self._experiment(conn, actor_id),
            tag=self.tag,
            states=self.states,
            said=self.said,
        )

    def _all(self, conn: Connection, actor_id: UUID) -> list[UUID]:
        if not self.everything:
            return []
        if self.run_ids or self.runs or self.experiment_id or self.experiment or self.tag:
            raise BadInputError("everything came together with a narrower choice; give one of the two")
        found = queries.all_run_ids(conn, owner_id=actor_id)
        if not found:
            raise NotFoundError("there are no runs yet")
        return found

    def _experiment(self, conn: Connection, actor_id: UUID) -> UUID | None:
        if self.experiment is None:
            return self.experiment_id
        if self.experiment_id is not None:
            raise BadInputError("experiment and experiment_id came together; give one of the two")
        return queries.experiment_called(conn, viewer_id=actor_id, word=self.experiment)
