"""What was recorded of runs, as pandas frames and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nntracker_ray.records import RunRow
from nntracker_ray.session import Session
from nntracker_ray.storage import queries


def curves(session: Session, rows: Sequence[RunRow], names: Sequence[str]) -> pd.DataFrame:
    """Metrics in long form: run_id, run (its name), metric, epoch, step, value, time, inherited; all if no `names`."""
    with session.database.connection() as conn:
        columns = queries.learning_curves(
            conn, viewer_id=session.user_id, run_ids=[row.run_id for row in rows], metrics=list(names) or None
        )
    frame = pd.DataFrame(columns)
    name_by_id = {str(row.run_id): row.name for row in rows}
    frame.insert(1, "run", frame["run_id"].map(lambda run_id: name_by_id.get(str(run_id), "")))
    return frame


def plot(session: Session, rows: Sequence[RunRow], metric: str) -> Any:
    """Learning curves of a metric with validation, and with the test of a single run, as a HoloViews object."""
    from nntracker_ray import figures

    # One point a run at the end of many lines shows nothing.
    test = [f"test_{metric}"] if len(rows) == 1 else []
    drawn = curves(session, rows, [metric, f"val_{metric}", *test])
    return figures.learning_curves(drawn, metric, names={row.run_id: row.name for row in rows})


def flat(row: RunRow) -> dict[str, Any]:
    """A run as one line of a frame: who it is, where it stands, its last values."""
    chosen = row.configuration
    return {
        "run_id": row.run_id,
        "experiment": row.experiment,
        "name": row.name,
        "state": row.state.value,
        "optimizer": chosen.optimizer.name,
        "loss_function": chosen.loss_function.name,
        "learning_rate": chosen.learning_rate,
        "fold": row.fold,
        "epochs_done": row.epochs_done,
        "total_epochs": row.total_epochs,
        **row.metrics,
    }
