"""The token by which the command line and the notebooks of this machine are let in."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from apps.api.private_files import write_private
from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.roles import Scope
from nntracker_ray.accounts.secrets import new_token
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.home import Home
from nntracker_ray.storage.account_writes import ensure_local_account
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.token_writes import list_tokens, revoke_tokens

NAME = "this machine"


def keep_local_token(database: Database, home: Home) -> None:
    """Make a new token of the local account and leave it in the data folder; the one before ends.

    Whoever can read the folder can read its database as well: the token opens nothing that was closed to them.
    """
    token = new_token()
    with database.connection() as conn:
        user_id = ensure_local_account(conn)
        _revoke(conn, user_id)
        keep_token(conn, user_id, token, name=NAME, scopes=list(Scope), expires_at=None)
    write_private(home.api_token, token)


def end_local_token(database: Database, home: Home) -> None:
    """End the token and remove its file."""
    home.api_token.unlink(missing_ok=True)
    with suppress(DatabaseAwayError), database.connection() as conn:
        _revoke(conn, ensure_local_account(conn))


def _revoke(conn: Connection, user_id: UUID) -> None:
    for row in list_tokens(conn, user_id=user_id):
        if row.name == NAME:
            revoke_tokens(conn, user_id=user_id, token_id=row.token_id)
