"""Accounts as administrators and their owners see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row, dict_row

from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

UserOrder = Literal["name", "role", "created", "seen", "runs"]


@dataclass(frozen=True, slots=True)
class Account:
    """One person, or script, that may sign in."""

    user_id: UUID
    name: str
    full_name: str
    role: Role
    is_local: bool  # the one owner of a platform on a person's own machine
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    password_hash: str | None  # None: signs in by link alone

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with what its runs are doing."""

    user_id: UUID
    name: str
    full_name: str
    role: Role
    is_local: bool
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    has_password: bool
    runs: int
    at_work: int
    finished: int
    cpu: float  # cores held by runs at work
    gpu: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Some of the accounts that match, and how many do."""

    rows: tuple[AccountRow, ...]
    total: int


def find_account(conn: Connection, user_id: UUID) -> Account:
    """One account. Raises: NotFoundError: There is none of that id."""
    found = _account(conn, user_id=user_id, name="")
    if found is None:
        raise NotFoundError(f"no account {user_id}")
    return found


def account_called(conn: Connection, name: str) -> Account | None:
    """The account of that name, in whatever case; None if there is none."""
    return _account(conn, user_id=None, name=name)


def list_accounts(
    conn: Connection,
    *,
    search: str = "",
    role: Role | None = None,
    disabled: bool | None = None,
    order_by: UserOrder = "name",
    descending: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> AccountPage:
    """A page of accounts.

    Args:
        search: Part of the name or the full name, in whatever case.
        disabled: Only closed ones, or only open ones.
    """
    state = None if disabled is None else "disabled" if disabled else "active"
    values = {"search": search, "role": role, "state": state, "order_by": order_by, "descending": descending}
    return _account_page(conn, {**values, "user_id": None, "limit": limit, "offset": offset})


def account_row(conn: Connection, user_id: UUID) -> AccountRow:
    """One account with what its runs are doing. Raises: NotFoundError: There is none of that id."""
    everything = {"search": "", "role": None, "state": None, "order_by": "name", "descending": False}
    page = _account_page(conn, {**everything, "user_id": user_id, "limit": 1, "offset": 0})
    if not page.rows:
        raise NotFoundError(f"no account {user_id}")
    return page.rows[0]


def _account_page(conn: Connection, values: Mapping[str, object]) -> AccountPage:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("list_users"), values).fetchall()
        # Behind the last page there is no row that could say how many there are.
        first = rows or cursor.execute(query("list_users"), {**values, "limit": 1, "offset": 0}).fetchall()
    total = first[0]["total"] if first else 0
    return AccountPage(
        tuple(AccountRow(**{k: v for k, v in row.items() if k != "total"}) for row in rows), total
    )


def _account(conn: Connection, *, user_id: UUID | None, name: str) -> Account | None:
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(query("find_user"), {"user_id": user_id, "name": name}).fetchone()
