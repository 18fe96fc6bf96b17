"""Which checkpoints a run has, as its trainer has last told."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.checkpoints.info import FACT, CheckpointInfo, infos_of_fact
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.visible import visible_run_no


def checkpoints(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> list[CheckpointInfo]:
    """The checkpoints of a run, oldest moment first, `last` at the end; none before its first one.

    Raises: NotFoundError: No such run, or not the viewer's.
    """
    run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    row = conn.execute(query("run_fact"), {"run_no": run_no, "key": FACT}).fetchone()
    return infos_of_fact(json_values.loads(row[0])) if row else []
