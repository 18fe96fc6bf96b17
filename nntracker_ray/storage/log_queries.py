"""What a run printed, warned of and logged."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.tables import Columns, columns_of
from nntracker_ray.storage.visible import visible_run_no

_COLUMNS = ("attempt", "line_no", "time", "source", "level", "text")
_BEFORE_ALL = (0, -1)


def log_lines(
    conn: Connection,
    *,
    viewer_id: UUID,
    run_id: UUID,
    after: tuple[int, int] | None = None,
    limit: int = 1000,
) -> Columns:
    """A page of a run's lines in the order they were made, by attempt.

    Args:
        after: Attempt and line number of the last line already seen; None from the first on.
        limit: Lines of the page.
    Returns: attempt, line_no (0-based within the attempt), time (UTC), source, level, text.
    Raises: NotFoundError: No such run, or not the viewer's.
    """
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    attempt, line_no = after or _BEFORE_ALL
    values = {"run_no": run_no, "attempt": attempt, "line_no": line_no, "limit": limit}
    return columns_of(_COLUMNS, conn.execute(query("log_lines"), values, binary=True).fetchall())


def log_tail(conn: Connection, *, viewer_id: UUID, run_id: UUID, limit: int = 200) -> Columns:
    """A run's newest lines, in the order they were made; columns as those of `log_lines`.

    Raises: NotFoundError: No such run, or not the viewer's.
    """
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    rows = conn.execute(query("log_tail"), {"run_no": run_no, "limit": limit}, binary=True).fetchall()
    return columns_of(_COLUMNS, rows)
