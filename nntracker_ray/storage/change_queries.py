"""Which of the runs that have changed concern a viewer."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def visible_changes(
    conn: Connection, *, viewer_id: UUID, run_ids: Collection[UUID], experiment_id: UUID | None = None
) -> list[UUID]:
    """Those of the runs that the viewer may see, and that are of the experiment if one is given."""
    values = {"viewer_id": viewer_id, "run_ids": list(run_ids), "experiment_id": experiment_id}
    return [run_id for (run_id,) in conn.execute(query("visible_changes"), values)]


def visible_deletions(
    conn: Connection, *, viewer_id: UUID, run_ids: Collection[UUID], experiment_id: UUID | None = None
) -> list[UUID]:
    """Those of the runs that were deleted, and that the viewer could see until then."""
    values = {"viewer_id": viewer_id, "run_ids": list(run_ids), "experiment_id": experiment_id}
    return [run_id for (run_id,) in conn.execute(query("deleted_for_viewer"), values)]
