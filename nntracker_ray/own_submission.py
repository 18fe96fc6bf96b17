"""Submitting over the web: by an account, from what it may use."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role
from nntracker_ray.home import Home
from nntracker_ray.sources import OwnSources
from nntracker_ray.storage.connection import Database
from nntracker_ray.submission import prepare, submit


def sources_of(actor: Actor, home: Home, database: Database) -> OwnSources:
    """What the account may use."""
    return OwnSources(home, database, actor.user_id, may_write_anywhere=actor.role.allows(Role.ADMINISTRATOR))


def submit_own(text: str, *, actor: Actor, home: Home, database: Database) -> UUID:
    """Check an experiment completely and queue its runs for the account. It may take minutes.

    Args:
        text: Of a JSON or YAML file.
    Returns: the experiment's id: that of an earlier one if it is the same.
    Raises: ConfigError: Everything that is wrong with it. ConflictError: More runs would wait than may.
    """
    prepared = prepare(text, home=home, owner_id=actor.user_id, sources=sources_of(actor, home, database))
    experiment_id = submit(database, prepared, owner_id=actor.user_id)
    with database.connection() as conn:
        actor.note(conn, "submitted an experiment", prepared.name, f"{len(prepared.runs):,} runs")
    return experiment_id
