"""Models that people have uploaded, by name and owner. The files lie in the model store, under their digests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.dataset_rows import experiments_with, in_words
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model as its owner, or everybody if it is public, may use it."""

    model_id: UUID
    owner_id: UUID
    owner: str  # by name
    name: str
    digest: str  # SHA-256 of the canonical JSON, hex
    is_public: bool
    facts: dict[str, JsonValue]  # as `stored_files.model_facts` makes them
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class ModelPage:
    """Some of them, and how many there are."""

    rows: tuple[ModelRow, ...]
    total: int


def add_model(
    conn: Connection, *, owner_id: UUID, name: str, digest: str, is_public: bool, facts: JsonValue
) -> tuple[UUID, bool]:
    """Give a kept model a name. The same model under the same name changes nothing.

    Returns: its id, and whether it is new.
    Raises: ConflictError: The owner has another model of that name.
    """
    values = {"owner_id": owner_id, "name": name, "digest": digest, "is_public": is_public}
    row = conn.execute(query("insert_model"), {**values, "facts": json_values.dumps(facts)}).fetchone()
    if row is not None:
        return UUID(str(row[0])), True
    model_id, present = conn.execute(
        query("owned_model"), {"owner_id": owner_id, "name": name}
    ).fetchone() or (None, None)
    if present != digest:
        raise ConflictError(
            f"you have another model called {name!r}; choose another name, or delete that one"
        )
    return UUID(str(model_id)), False


def page_of_models(
    conn: Connection,
    *,
    viewer_id: UUID,
    model_id: UUID | None = None,
    digest: str | None = None,
    name: str | None = None,
    search: str = "",
    limit: int = 100,
    offset: int = 0,
) -> ModelPage:
    """Models that an account may use, its own first, then the newest. Every part given must match."""
    values: dict[str, Any] = {"viewer_id": viewer_id, "model_id": model_id, "digest": digest, "name": name}
    values |= {"search": search, "limit": limit, "offset": offset}
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("list_models"), values).fetchall()
        # Behind the last page there is no row that could say how many there are.
        first = found or cursor.execute(query("list_models"), {**values, "limit": 1, "offset": 0}).fetchall()
    total = first[0]["total"] if first else 0
    return ModelPage(tuple(map(_row, found)), total)


def find_model(conn: Connection, *, viewer_id: UUID, model_id: UUID) -> ModelRow:
    """One model. Raises: NotFoundError: There is none, or it is not the viewer's to use."""
    page = page_of_models(conn, viewer_id=viewer_id, model_id=model_id, limit=1)
    if not page.rows:
        raise no_such_model(model_id)
    return page.rows[0]


def publish_model(conn: Connection, *, actor_id: UUID, model_id: UUID, is_public: bool) -> None:
    """Let everybody use it, or its owner alone. Raises: NotFoundError: It is not the actor's to change."""
    values = {"actor_id": actor_id, "model_id": model_id, "is_public": is_public}
    if conn.execute(query("change_model"), values).fetchone() is None:
        raise no_such_model(model_id)


def delete_model(conn: Connection, *, actor_id: UUID, model_id: UUID) -> ModelRow:
    """Take its name away, when no experiment that the actor sees needs it. Returns what it was.

    Raises:
        NotFoundError: It is not the actor's to delete.
        ConflictError: Experiments need it; the message names some.
    """
    found = find_model(conn, viewer_id=actor_id, model_id=model_id)
    users = experiments_with(conn, "experiments_with_model", viewer_id=actor_id, digest=found.digest)
    if users:
        raise ConflictError(f"the model {found.name!r} is needed by {in_words(users)}; delete these first")
    values = {"actor_id": actor_id, "model_id": model_id}
    if conn.execute(query("delete_model"), values).fetchone() is None:
        raise no_such_model(model_id)
    return found


def no_such_model(model_id: UUID) -> NotFoundError:
    """The error for one that is not there or not the caller's."""
    return NotFoundError(f"no model {model_id}")


def _row(found: dict[str, Any]) -> ModelRow:
    known = {key: value for key, value in found.items() if key not in ("total", "facts")}
    return ModelRow(**known, facts=json_values.loads(found["facts"]))
