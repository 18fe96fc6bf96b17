"""How much an account may upload and keep under names, and how much it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from nntracker_ray.errors import OverQuotaError
from nntracker_ray.storage.dataset_rows import upload_use
from nntracker_ray.storage.settings import find_settings

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection

SETTING: Final = "upload_quota_gb"
DEFAULT_GB: Final = 20.0
GREATEST_GB: Final = 1e6
GB: Final = 10**9  # bytes
MODEL_BYTES: Final = 10**6  # what a model counts as: the most that one may have


@dataclass(frozen=True, slots=True)
class UploadUse:
    """Of one account, in bytes."""

    used: int
    allowed: int

    def __str__(self) -> str:
        return f"{self.used / GB:.2f} of {self.allowed / GB:g} GB"


NO_UPLOADS: Final = UploadUse(0, 0)


def use_of_uploads(conn: Connection, owner_id: UUID) -> UploadUse:
    """What the account's datasets and models take; nobody else of the account asks until the transaction ends."""
    allowed_gb = find_settings(conn).get(SETTING, DEFAULT_GB)
    return UploadUse(upload_use(conn, owner_id=owner_id, model_bytes=MODEL_BYTES), int(allowed_gb * GB))


def require_room(conn: Connection, owner_id: UUID, *, more: int = 0) -> None:
    """Raises: OverQuotaError: With so many bytes more the account would have more than it may."""
    use = use_of_uploads(conn, owner_id)
    if use.used + more > use.allowed:
        raise OverQuotaError(
            f"your uploads would take {(use.used + more) / GB:.2f} GB, and {use.allowed / GB:g} GB are allowed; "
            "delete some (DELETE /api/datasets/ID, /api/models/ID), or ask an administrator for a higher limit"
        )
