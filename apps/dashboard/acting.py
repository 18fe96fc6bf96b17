"""Acting on runs from a page: the same functions as every other door, and a sentence about the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.dashboard import words
from nntracker_ray import control
from nntracker_ray.accounts.roles import Role
from nntracker_ray.accounts.standing import require_role
from nntracker_ray.commands import CommandRow, Outcome, Selection, Verb
from nntracker_ray.errors import NNTrackerError
from nntracker_ray.home import Home
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.tag_writes import change_tags
from nntracker_ray.storage.work_queries import DeletionCost

DONE_WORDS = {
    Verb.PAUSE: ("paused", "pausing"),
    Verb.RESUME: ("queued to go on", "to go on"),
    Verb.STOP: ("stopped", "stopping"),
    Verb.DELETE: ("deleted", "to be deleted once stopped"),
    Verb.RERUN: ("queued again", "to be queued again"),
    Verb.FORK: ("forked", "to be forked"),
    Verb.EXTEND: ("extended", "to be extended"),
    Verb.PRIORITISE: ("moved in the queue", "to be moved"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What became of it, in words."""

    text: str
    is_bad: bool = False
    new_run_id: UUID | None = None  # the one run that a fork or rerun has made


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who looks at a page and acts. Blocking: call from a thread."""

    database: Database
    home: Home
    actor_id: UUID
    name: str

    def give(
        self, verb: Verb, run_ids: Sequence[UUID], arguments: dict[str, JsonValue] | None = None
    ) -> Said:
        """Give a command for these runs."""
        try:
            with self.database.connection() as conn:
                require_role(conn, self.actor_id, Role.USER)
            row = control.command(
                self.database,
                self.home,
                actor_id=self.actor_id,
                by=self.name,
                verb=verb,
                selection=Selection(run_ids=tuple(run_ids)),
                arguments=arguments,
            )
        except NNTrackerError as error:
            return Said(str(error), is_bad=True)
        return outcome_in_words(row)

    def tag(self, run_ids: Sequence[UUID], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Said:
        """Change the tags of these runs."""
        try:
            with self.database.connection() as conn:
                require_role(conn, self.actor_id, Role.USER)
                done = change_tags(
                    conn,
                    actor_id=self.actor_id,
                    selection=Selection(run_ids=tuple(run_ids)),
                    add=add,
                    remove=remove,
                )
        except NNTrackerError as error:
            return Said(str(error), is_bad=True)
        return Said(f"{words.plural(done.changed, 'run')} of {done.runs} changed")

    def cost_of_deletion(self, run_ids: Sequence[UUID]) -> list[DeletionCost]:
        """What would be lost with these runs."""
        with self.database.connection() as conn:
            return queries.cost_of_deletion(conn, viewer_id=self.actor_id, run_ids=list(run_ids))


def outcome_in_words(row: CommandRow) -> Said:
    """A sentence for people: how many, and why not the others."""
    counts = Counter(target.outcome for target in row.targets)
    done, doing = DONE_WORDS[row.verb]
    parts = [f"{words.plural(counts[Outcome.DONE], 'run')} {done}"] if counts[Outcome.DONE] else []
    if counts[Outcome.PENDING]:
        parts.append(f"{words.plural(counts[Outcome.PENDING], 'run')} {doing}")
    refused = [target for target in row.targets if target.outcome is Outcome.REFUSED]
    if refused:
        why, count = Counter(target.why for target in refused).most_common(1)[0]
        more = f", and {len(refused) - count} for other reasons" if count < len(refused) else ""
        parts.append(f"{words.plural(len(refused), 'run')} refused: {why}{more}")
    made = [target.new_run_id for target in row.targets if target.new_run_id]
    return Said(
        "; ".join(parts),
        is_bad=bool(refused) and len(parts) == 1,
        new_run_id=made[0] if len(made) == 1 else None,
    )
