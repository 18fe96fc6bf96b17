"""Somebody who does something, as the audit log keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage.audit_log import note_deed

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection


@dataclass(frozen=True, slots=True)
class Actor:
    """An account at work."""

    user_id: UUID
    name: str
    role: Role
    address: str = ""  # where the request came from

    def note(self, conn: Connection, action: str, subject: str = "", details: str = "") -> None:
        """Keep a deed in the transaction that does it; `action` in the past tense."""
        note_deed(
            conn,
            action=action,
            by=self.name,
            user_id=self.user_id,
            subject=subject,
            details=details,
            address=self.address,
        )
