"""What was recorded of runs, as pandas frames and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pandas as pd

from nntracker_ray.client.api import Api
from nntracker_ray.client.reading import IDS_AT_ONCE
from nntracker_ray.records import RunRow

COLUMNS = ("run_id", "metric", "epoch", "step", "value", "time", "inherited")


def curves(api: Api, rows: Sequence[RunRow], names: Sequence[str]) -> pd.DataFrame:
    """Metrics in long form: run_id, run (its name), metric, epoch, step, value, time, inherited; all if no `names`."""
    ids = [str(row.run_id) for row in rows]
    parts = [
        pd.DataFrame(
            api.columns("/api/metrics", run_id=ids[start : start + IDS_AT_ONCE], metric=tuple(names))
        )
        for start in range(0, len(ids), IDS_AT_ONCE)
    ]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    id_by_text = {str(row.run_id): row.run_id for row in rows}
    name_by_text = {str(row.run_id): row.name for row in rows}
    frame.insert(1, "run", frame["run_id"].map(name_by_text))
    frame["run_id"] = pd.Series([_id(id_by_text, text) for text in frame["run_id"]], dtype=object)
    return frame


def plot(api: Api, rows: Sequence[RunRow], metric: str) -> Any:
    """Learning curves of a metric with validation, and with the test of a single run, as a HoloViews object."""
    from nntracker_ray import figures

    # One point a run at the end of many lines shows nothing.
    test = [f"test_{metric}"] if len(rows) == 1 else []
    drawn = curves(api, rows, [metric, f"val_{metric}", *test])
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


def _id(id_by_text: dict[str, UUID], text: str) -> UUID:
    return id_by_text.get(text) or UUID(text)
