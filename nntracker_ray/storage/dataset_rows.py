"""Datasets that people have uploaded, by name and owner. The files lie in the dataset store, under their digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

FEW = 5  # experiments that a refusal names


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset as its owner, or everybody if it is public, may use it."""

    dataset_id: UUID
    owner_id: UUID
    owner: str  # by name
    name: str
    digest: str  # SHA-256 of the file, hex
    is_public: bool
    kind: str  # the file's format: "npz", "csv", ...
    bytes: int
    facts: dict[str, JsonValue]  # as `stored_files.dataset_facts` makes them
    created_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """Some of them, and how many there are."""

    rows: tuple[DatasetRow, ...]
    total: int


def add_dataset(
    conn: Connection,
    *,
    owner_id: UUID,
    name: str,
    digest: str,
    is_public: bool,
    kind: str,
    size: int,
    facts: JsonValue,
) -> tuple[UUID, bool]:
    """Give a kept file a name. The same file under the same name changes nothing.

    Args:
        size: Of the file, in bytes.
    Returns: its id, and whether it is new.
    Raises: ConflictError: The owner has another dataset of that name.
    """
    values = {"owner_id": owner_id, "name": name, "digest": digest, "is_public": is_public, "kind": kind}
    row = conn.execute(
        query("insert_dataset"), {**values, "bytes": size, "facts": json_values.dumps(facts)}
    ).fetchone()
    if row is not None:
        return UUID(str(row[0])), True
    dataset_id, present = conn.execute(
        query("owned_dataset"), {"owner_id": owner_id, "name": name}
    ).fetchone() or (None, None)
    if present != digest:
        raise ConflictError(
            f"you have another dataset called {name!r}; choose another name, or delete that one"
        )
    return UUID(str(dataset_id)), False


def has_dataset(conn: Connection, *, owner_id: UUID, name: str) -> bool:
    """Whether the owner has a dataset of that name."""
    return conn.execute(query("owned_dataset"), {"owner_id": owner_id, "name": name}).fetchone() is not None


def page_of_datasets(
    conn: Connection,
    *,
    viewer_id: UUID,
    dataset_id: UUID | None = None,
    digest: str | None = None,
    name: str | None = None,
    search: str = "",
    limit: int = 100,
    offset: int = 0,
) -> DatasetPage:
    """Datasets that an account may use, its own first, then the newest. Every part given must match."""
    values: dict[str, Any] = {
        "viewer_id": viewer_id,
        "dataset_id": dataset_id,
        "digest": digest,
        "name": name,
    }
    values |= {"search": search, "limit": limit, "offset": offset}
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query("list_datasets"), values).fetchall()
        # Behind the last page there is no row that could say how many there are.
        first = (
            found or cursor.execute(query("list_datasets"), {**values, "limit": 1, "offset": 0}).fetchall()
        )
    total = first[0]["total"] if first else 0
    return DatasetPage(tuple(map(_row, found)), total)


def find_dataset(conn: Connection, *, viewer_id: UUID, dataset_id: UUID) -> DatasetRow:
    """One dataset. Raises: NotFoundError: There is none, or it is not the viewer's to use."""
    page = page_of_datasets(conn, viewer_id=viewer_id, dataset_id=dataset_id, limit=1)
    if not page.rows:
        raise no_such_dataset(dataset_id)
    return page.rows[0]


def publish_dataset(conn: Connection, *, actor_id: UUID, dataset_id: UUID, is_public: bool) -> None:
    """Let everybody use it, or its owner alone. Raises: NotFoundError: It is not the actor's to change."""
    values = {"actor_id": actor_id, "dataset_id": dataset_id, "is_public": is_public}
    if conn.execute(query("change_dataset"), values).fetchone() is None:
        raise no_such_dataset(dataset_id)


def delete_dataset(conn: Connection, *, actor_id: UUID, dataset_id: UUID) -> DatasetRow:
    """Take its name away, when no experiment that the actor sees needs it. Returns what it was.

    The file stays in the store: runs of others may need it.
    Raises:
        NotFoundError: It is not the actor's to delete.
        ConflictError: Experiments need it; the message names some.
    """
    found = find_dataset(conn, viewer_id=actor_id, dataset_id=dataset_id)
    users = experiments_with(conn, "experiments_with_dataset", viewer_id=actor_id, digest=found.digest)
    if users:
        raise ConflictError(f"the dataset {found.name!r} is needed by {in_words(users)}; delete these first")
    values = {"actor_id": actor_id, "dataset_id": dataset_id}
    if conn.execute(query("delete_dataset"), values).fetchone() is None:
        raise no_such_dataset(dataset_id)
    return found


def experiments_with(conn: Connection, statement: str, *, viewer_id: UUID, digest: str) -> list[str]:
    """Names of the newest experiments that need a file; one more than are told, if there are."""
    values = {"viewer_id": viewer_id, "digest": digest, "few": FEW + 1}
    return [row[0] for row in conn.execute(query(statement), values)]


def digests_in_use(conn: Connection, *, digests: Sequence[str]) -> set[str]:
    """Of some files, those that somebody has under a name, or that a run is made of; of data and models alike."""
    return {digest for (digest,) in conn.execute(query("digests_in_use"), {"digests": list(digests)})}


def upload_use(conn: Connection, *, owner_id: UUID, model_bytes: int) -> int:
    """Bytes of an account's datasets and models, a model counted as `model_bytes`. Who asks at once takes turns."""
    conn.execute(query("lock_uploads"), {"owner_id": owner_id})
    values = {"owner_id": owner_id, "model_bytes": model_bytes}
    row = conn.execute(query("upload_use"), values).fetchone()
    return int(row[0]) if row else 0


def in_words(names: Sequence[str]) -> str:
    """The experiments of `experiments_with`, as an error tells them."""
    more = " and others" if len(names) > FEW else ""
    return ", ".join(f"'{name}'" for name in names[:FEW]) + more


def no_such_dataset(dataset_id: UUID) -> NotFoundError:
    """The error for one that is not there or not the caller's."""
    return NotFoundError(f"no dataset {dataset_id}")


def _row(found: dict[str, Any]) -> DatasetRow:
    known = {key: value for key, value in found.items() if key not in ("total", "facts")}
    return DatasetRow(**known, facts=json_values.loads(found["facts"]))
