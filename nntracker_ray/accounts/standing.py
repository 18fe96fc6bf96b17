"""What an account may do at this moment: for pages, whose websockets pass the gate only once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts.roles import Role
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage.account_queries import find_account

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection


def require_role(conn: Connection, user_id: UUID, least: Role) -> None:
    """Raises: NotFoundError: The account was deleted, disabled, or given a role that does not allow this."""
    account = find_account(conn, user_id)
    if account.disabled_at is not None or not account.role.allows(least):
        raise NotFoundError(f"this needs the role {least}; your account has it no longer")
