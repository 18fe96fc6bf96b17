"""Tags: users' labels on runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.commands import Selection, nothing_matches, require_parts
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.storage.command_queries import selected_run_nos
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

LONGEST_TAG = 200
MOST_TAGS = 50  # in one call


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag and how many runs have it."""

    tag: str
    runs: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """What a change of tags has done."""

    runs: int  # that were meant
    changed: int  # that did not have it so before


def change_tags(
    conn: Connection,
    *,
    actor_id: UUID,
    selection: Selection,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> Tagged:
    """Put tags on runs and take others off.

    Raises:
        BadInputError: A tag is empty, too long or holds control characters; or no runs are named.
        NotFoundError: No run that the actor may act on matches.
    """
    require_parts(selection)
    wanted = [checked_tag(tag) for tag in add]
    if len(wanted) > MOST_TAGS:
        raise BadInputError(f"{len(wanted)} tags came; {MOST_TAGS} at most in one call")
    run_nos = selected_run_nos(conn, actor_id=actor_id, selection=selection)
    if not run_nos:
        raise NotFoundError(nothing_matches(selection))
    changed = {row[0] for row in conn.execute(query("add_tags"), {"run_nos": run_nos, "tags": wanted})}
    gone = conn.execute(query("remove_tags"), {"run_nos": run_nos, "tags": [*remove]})
    return Tagged(len(run_nos), len(changed | {row[0] for row in gone}))


def list_tags(conn: Connection, *, viewer_id: UUID, search: str = "", limit: int = 200) -> list[TagRow]:
    """The tags of the viewer's runs, the most used first."""
    values = {"viewer_id": viewer_id, "search": search, "limit": limit}
    return [TagRow(*row) for row in conn.execute(query("list_tags"), values)]


def checked_tag(tag: str) -> str:
    """Raises: BadInputError: It cannot be one."""
    tag = tag.strip()
    if not 1 <= len(tag) <= LONGEST_TAG:
        raise BadInputError(f"a tag has 1 to {LONGEST_TAG} characters; {len(tag)} came")
    if not tag.isprintable():
        raise BadInputError("a tag cannot hold control characters")
    return tag
