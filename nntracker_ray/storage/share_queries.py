"""Who has which part of the hardware, and who waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.share_writes import Share
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class UserShare:
    """A user's share and what the user has now."""

    name: str
    share: Share
    running: int  # runs at work
    cpu: float  # cores that they have
    gpu: float  # GPUs that they have
    queued: int  # runs that wait for hardware


def list_shares(conn: Connection) -> list[UserShare]:
    """Every user, by name."""
    return [
        UserShare(name, Share(weight, max_running, max_queued), running, cpu, gpu, queued)
        for name, weight, max_running, max_queued, running, cpu, gpu, queued in conn.execute(query("shares"))
    ]
