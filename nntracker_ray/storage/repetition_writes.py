"""Requests that may be sent again: who answers one, whether it has had its effect, what was answered.

The effect is noted in the transaction that has it, whichever that is: `Database.connection` asks `note_effect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from nntracker_ray.errors import ConflictError
from nntracker_ray.storage.sql_files import query

if TYPE_CHECKING:
    from nntracker_ray.storage.connection import Connection

KEPT_S: Final = 24 * 3600.0
PATIENCE_S: Final = 60.0  # no request of this kind takes longer, unless its server has died


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer one request."""

    user_id: UUID
    request: str  # method and path: "POST /api/me/tokens"
    key: str  # as the sender chose it
    claim_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Known:
    """A request that came before."""

    credential: bytes  # SHA-256 of the session or token that sent it
    body_mac: bytes
    has_acted: bool
    status: int | None  # of the answer; None: there is none yet
    answer: bytes | None  # encrypted


_answering: ContextVar[Claim | None] = ContextVar("answering", default=None)


@contextmanager
def answering(claim: Claim) -> Iterator[None]:
    """Whatever is changed inside is the effect of this request, also in threads and tasks that are started there."""
    token = _answering.set(claim)
    try:
        yield
    finally:
        _answering.reset(token)


def note_effect(conn: Connection) -> None:
    """If this transaction has changed something for a request that may be sent again, say so in it.

    Raises: ConflictError: Another has taken the request over; nothing of this may stay.
    """
    claim = _answering.get()
    if claim is None:
        return
    row = conn.execute(query("note_acted"), asdict(claim)).fetchone()
    if row is None or not row[0]:
        raise ConflictError("this request took too long, and is being answered anew")


def claim_request(
    conn: Connection, claim: Claim, *, credential: bytes, body_mac: bytes, patience_s: float = PATIENCE_S
) -> Known | None:
    """Be the one who answers. None: the caller is; else how far another is, or was.

    Args:
        credential: SHA-256 of the session or token that sends it.
        patience_s: A claim this old that has done nothing is taken over.
    """
    conn.execute(query("forget_old_requests"), {"kept_s": KEPT_S})
    values = {**asdict(claim), "credential": credential, "body_mac": body_mac, "patience_s": patience_s}
    if conn.execute(query("claim_request"), values).fetchone() is not None:
        return None
    return known_request(conn, claim)


def known_request(conn: Connection, claim: Claim) -> Known | None:
    """How far the request is; None: it was released, and may be claimed."""
    row = conn.execute(query("claimed_request"), asdict(claim)).fetchone()
    return Known(*row) if row else None


def note_answered(conn: Connection, claim: Claim, *, status: int, answer: bytes) -> None:
    """Keep the answer."""
    conn.execute(query("note_answered"), {**asdict(claim), "status": status, "answer": answer})


def release_request(conn: Connection, claim: Claim, *, even_acted: bool) -> None:
    """Let the request be tried again with its key.

    Args:
        even_acted: Also if something was changed: a refusal may have been counted.
    """
    conn.execute(query("release_request"), {**asdict(claim), "even_acted": even_acted})
