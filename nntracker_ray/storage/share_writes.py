"""How users share the hardware: weights, and limits on what runs and what waits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

LEAST_WEIGHT, GREATEST_WEIGHT = 0.001, 1000.0
GREATEST_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Share:
    """What a user may have."""

    weight: float = 1.0  # of two users who wait, the one with twice the weight gets twice the hardware
    max_running: int | None = None  # runs at work at once; None: no limit
    max_queued: int | None = None  # runs that wait; None: no limit


def set_share(conn: Connection, *, name: str, share: Share) -> None:
    """Set a user's weight and limits. What is at work stays at work.

    Raises:
        BadInputError: A value is out of its range.
        NotFoundError: There is no such user.
    """
    _check(share)
    limits = {"max_running": share.max_running, "max_queued": share.max_queued}
    values = {"name": name, "weight": share.weight, **limits}
    if conn.execute(query("set_share"), values).fetchone() is None:
        raise NotFoundError(f"no user {name!r}; `nntracker share` lists those there are")


def lock_queue(conn: Connection, *, owner_id: UUID) -> int | None:
    """How many runs of this user may wait; None: any number. With a limit, transactions that queue some take turns."""
    row = conn.execute(query("queue_limit"), {"owner_id": owner_id}).fetchone()
    return None if row is None else int(row[0])


def lock_queues(conn: Connection, owner_ids: Sequence[UUID]) -> None:
    """`lock_queue` of several users, in the order given."""
    for owner_id in owner_ids:
        lock_queue(conn, owner_id=owner_id)


@contextmanager
def within_queue_limit(conn: Connection, *, owner_id: UUID) -> Iterator[None]:
    """What is done inside may queue runs of this user up to the limit. The caller rolls back what is refused.

    Runs that wait already when the limit is lowered go on waiting.

    Raises: ConflictError: More would wait than the user is allowed.
    """
    limit = lock_queue(conn, owner_id=owner_id)
    if limit is None:
        yield
        return
    before = _queued(conn, owner_id)
    yield
    after = _queued(conn, owner_id)
    if after > max(limit, before):
        more = "1 more run" if after == before + 1 else f"{after - before:,} more runs"
        raise ConflictError(
            f"{more} cannot be queued: {before:,} wait already, and {limit:,} may wait at once."
            " Submit fewer, wait until some have ended, or ask for a higher limit (`nntracker share --max-queued`)"
        )


@contextmanager
def within_queue_limits(conn: Connection, *, owner_ids: Sequence[UUID]) -> Iterator[None]:
    """As `within_queue_limit`, for several users. Raises: ConflictError: For one of them too many would wait."""
    with ExitStack() as limits:
        for owner_id in owner_ids:
            limits.enter_context(within_queue_limit(conn, owner_id=owner_id))
        yield


def owners_of(conn: Connection, run_nos: Sequence[int]) -> list[UUID]:
    """Whose runs these are, always in the same order: who takes their locks so waits for nobody who waits for them."""
    return [owner_id for (owner_id,) in conn.execute(query("queue_owners"), {"run_nos": list(run_nos)})]


def _queued(conn: Connection, owner_id: UUID) -> int:
    row = conn.execute(query("count_queued"), {"owner_id": owner_id}).fetchone()
    return int(row[0]) if row else 0


def _check(share: Share) -> None:
    if not (math.isfinite(share.weight) and LEAST_WEIGHT <= share.weight <= GREATEST_WEIGHT):
        allowed = f"{LEAST_WEIGHT:g} to {GREATEST_WEIGHT:g}"
        raise BadInputError(f"a weight of {share.weight:g} came; allowed: {allowed}, 1 is everybody's")
    for what, limit in (("running", share.max_running), ("queued", share.max_queued)):
        if limit is not None and not 0 <= limit <= GREATEST_LIMIT:
            raise BadInputError(f"a limit of {limit} {what} runs came; allowed: 0 and more, or none")
