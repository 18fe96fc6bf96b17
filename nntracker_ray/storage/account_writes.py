"""Accounts. Only hashes of passwords come in here."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from psycopg.errors import UniqueViolation

from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class Given:
    """What changed hands."""

    experiments: int
    runs: int


def ensure_local_account(conn: Connection) -> UUID:
    """The one owner of a platform that runs on a person's own machine; made when missing."""
    row = (
        conn.execute(query("ensure_local_account")).fetchone()
        or conn.execute(query("local_account")).fetchone()
    )
    assert row is not None, "inserted just now, or there before"  # noqa: S101 - for the type checker
    return UUID(str(row[0]))


def add_account(
    conn: Connection, *, name: str, full_name: str = "", role: Role, password_hash: str | None
) -> UUID:
    """A new account. Raises: ConflictError: Somebody is called so, in whatever case."""
    values = {"name": name, "full_name": full_name, "role": role, "password_hash": password_hash}
    row = conn.execute(query("insert_user"), values).fetchone()
    if row is None:
        raise ConflictError(f"the name {name!r} is taken; choose another")
    return UUID(str(row[0]))


def lock_account(conn: Connection, user_id: UUID) -> None:
    """Nobody else changes it until the end of the transaction."""
    conn.execute(query("lock_user"), {"user_id": user_id})


def change_account(
    conn: Connection,
    user_id: UUID,
    *,
    name: str | None = None,
    full_name: str | None = None,
    role: Role | None = None,
    password_hash: str | None = None,
) -> None:
    """Set what is given; None leaves a value as it is.

    Raises:
        NotFoundError: No such account.
        ConflictError: Somebody else is called so; or nobody would be left to look after the platform.
    """
    if name is not None:
        row = conn.execute(query("find_user"), {"user_id": None, "name": name}).fetchone()
        if row is not None and row[0] != user_id:
            raise ConflictError(f"the name {name!r} is taken; choose another")
    if role is not None and role is not Role.ADMINISTRATOR:
        _require_another_administrator(conn, user_id)
    values = {
        "user_id": user_id, "name": name, "full_name": full_name, "role": role, "password_hash": password_hash,
    }  # fmt: skip
    try:
        changed = conn.execute(query("change_user"), values).fetchone()
    except UniqueViolation:  # somebody took the name after we had looked
        raise ConflictError(f"the name {name!r} is taken; choose another") from None
    _require(changed, user_id)


def set_disabled(conn: Connection, user_id: UUID, *, disabled: bool) -> None:
    """Close an account, or open it again. Its sessions and tokens stop working with it.

    Raises:
        NotFoundError: No such account.
        ConflictError: Nobody would be left to look after the platform.
    """
    if disabled:
        _require_another_administrator(conn, user_id)
    _require(
        conn.execute(query("set_user_disabled"), {"user_id": user_id, "disabled": disabled}).fetchone(),
        user_id,
    )


def give_everything(conn: Connection, *, user_id: UUID, heir_id: UUID) -> Given:
    """Make another account the owner of what one has. Runs in progress go on."""
    row = conn.execute(query("give_experiments"), {"user_id": user_id, "heir_id": heir_id}).fetchone()
    return Given(*row) if row else Given(0, 0)


def delete_account(conn: Connection, user_id: UUID) -> None:
    """Remove an account, its sessions, tokens and shares, and whatever experiments it still has.

    Raises:
        NotFoundError: No such account.
        ConflictError: Nobody would be left to look after the platform.
    """
    _require_another_administrator(conn, user_id)
    _require(conn.execute(query("delete_user"), {"user_id": user_id}).fetchone(), user_id)


def experiments_owned(conn: Connection, user_id: UUID) -> int:
    """How many experiments an account has."""
    row = conn.execute(query("count_owned"), {"owner_id": user_id}).fetchone()
    return int(row[0]) if row else 0


def user_name(conn: Connection, user_id: UUID) -> str:
    """What an account is called; its id when it is gone."""
    row = conn.execute(query("user_name"), {"user_id": user_id}).fetchone()
    return str(row[0]) if row else str(user_id)


def _require(row: object, user_id: UUID) -> None:
    if row is None:
        raise NotFoundError(f"no account {user_id}")


def _require_another_administrator(conn: Connection, user_id: UUID) -> None:
    administrators = [row[0] for row in conn.execute(query("lock_administrators"))]
    if administrators == [user_id]:
        raise ConflictError("this is the only administrator; make somebody else one first")
