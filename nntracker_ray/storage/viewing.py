"""For whom the web app asks the database now: what row-level security goes by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_viewer: ContextVar[UUID | None] = ContextVar("viewer", default=None)


def current_viewer() -> UUID | None:
    """The account or share link that is looking; None: nobody, who sees nothing."""
    return _viewer.get()


@contextmanager
def as_viewer(viewer_id: UUID | None) -> Iterator[None]:
    """Ask for this viewer inside, also in threads and tasks that are started there."""
    token = _viewer.set(viewer_id)
    try:
        yield
    finally:
        _viewer.reset(token)
