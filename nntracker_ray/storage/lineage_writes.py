"""What forks keep of a parent that goes."""

from __future__ import annotations

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def keep_history_of_children(conn: Connection, run_no: int) -> None:
    """Give the forks of a run copies of what they inherit from it, and its own parent as theirs.

    To be called before the run is deleted. Of several related runs the youngest goes first.
    """
    for what in ("metrics", "metric_arrays", "weights", "adaptations"):
        conn.execute(query(f"copy_{what}_to_children"), {"run_no": run_no})
    conn.execute(query("adopt_children"), {"run_no": run_no})
