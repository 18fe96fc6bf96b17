"""Accounts from the command line: as the master of the data folder, who needs no account of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.link_command import web_address
from apps.opened_database import open_database
from nntracker_ray.accounts import administration, login_links
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role, read_role
from nntracker_ray.errors import NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.plain_values import plain
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.account_queries import Account, AccountRow, account_called, list_accounts
from nntracker_ray.storage.connection import Database

MOST = 100_000


def all_accounts(home: Home) -> Sequence[AccountRow]:
    """Every account, by name."""
    with open_database(home) as database, database.connection() as conn:
        return list_accounts(conn, limit=MOST).rows


def account_object(account: AccountRow) -> object:
    """For scripts."""
    return plain(asdict(account))


def print_accounts(console: Console, accounts: Sequence[AccountRow]) -> None:
    """A line for each."""
    table = Table(box=None, pad_edge=False)
    for title in ("name", "role", "state", "runs", "at work", "seen"):
        table.add_column(title)
    for one in accounts:
        state = "disabled" if one.disabled_at else "open"
        seen = f"{one.seen_at:%Y-%m-%d %H:%M}" if one.seen_at else "never"
        # As text: names are users' words, and rich would read brackets in them.
        table.add_row(Text(one.name), one.role, state, str(one.runs), str(one.at_work), seen)
    console.print(table)


def let_in(home: Home, name: str, *, role: str | None, address: str | None) -> str:
    """A one-time link that signs an account in. With a role, the account gets it, and is made when there is none.

    Raises:
        BadInputError: The name, role or address cannot be used.
        ConflictError: Nobody would be left to look after the platform, or the account is disabled.
        NotFoundError: There is no such account, and no role came.
        PlatformError: No address came, and no platform with a web app runs.
    """
    wanted, where = read_role(role) if role is not None else None, web_address(home, address)
    with open_database(home) as database:
        actor = _master(database)
        secret = login_links.make_for_somebody(database, actor, _account(database, actor, name, wanted))
    return f"{where.rstrip('/')}/welcome#{secret}"


def set_disabled(home: Home, name: str, *, disabled: bool) -> None:
    """Close an account, or open it again.

    Raises:
        NotFoundError: There is no such account.
        ConflictError: It is the command line's own, or nobody would be left to look after the platform.
    """
    with open_database(home) as database:
        actor, account = _master(database), _known(database, name)
        administration.set_disabled(database, actor, account.user_id, disabled=disabled)


def _account(database: Database, actor: Actor, name: str, role: Role | None) -> UUID:
    with database.connection() as conn:
        known = account_called(conn, name)
    if known is None and role is not None:
        return administration.make_account(database, actor, name=name, role=role)
    account = known or _known(database, name)
    if role is not None and role is not account.role:
        administration.change_role(database, actor, account.user_id, role)
    return account.user_id


def _known(database: Database, name: str) -> Account:
    with database.connection() as conn:
        found = account_called(conn, name)
    if found is None:
        raise NotFoundError(
            f"nobody is called {name!r:.80}; `nntracker users` lists everybody, --role makes one"
        )
    return found


def _master(database: Database) -> Actor:
    """Whoever has the data folder has everything: this is the way back in, whatever became of the accounts."""
    with database.connection() as conn:
        local = account_writes.ensure_local_account(conn)
        name = account_writes.user_name(conn, local)
    return Actor(local, name, Role.ADMINISTRATOR, "command line")
