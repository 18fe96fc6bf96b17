"""The curves that one open page has; only those of runs that have changed are asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from nntracker_ray.comparing import Curve, extended
from nntracker_ray.records import RunRow
from nntracker_ray.storage.comparison_queries import comparison_curves
from nntracker_ray.storage.connection import Connection

# (attempt, whether with steps and times), and what else a change would change: state, epochs done, last value.
Seen: TypeAlias = tuple[tuple[int, bool], tuple[str, int, str]]


class CurveStore:
    """Holds what the last reading was about, and nothing else."""

    def __init__(self) -> None:
        self._curves: dict[tuple[UUID, str], Curve] = {}
        self._seen: dict[tuple[UUID, str], Seen] = {}

    def read(
        self,
        conn: Connection,
        viewer_id: UUID,
        rows: Sequence[RunRow],
        metrics: Sequence[str],
        *,
        with_places: bool = False,
    ) -> dict[str, dict[UUID, Curve]]:
        """The curves of these runs, by metric and run, in order of the runs."""
        wanted = {(row.run_id, metric) for row in rows for metric in metrics}
        self._curves = {key: curve for key, curve in self._curves.items() if key in wanted}
        self._seen = {key: seen for key, seen in self._seen.items() if key in wanted}
        for metric in metrics:
            self._refresh(conn, viewer_id, rows, metric, with_places=with_places)
        return {
            metric: {
                row.run_id: self._curves[row.run_id, metric]
                for row in rows
                if (row.run_id, metric) in self._curves
            }
            for metric in metrics
        }

    def _refresh(
        self, conn: Connection, viewer_id: UUID, rows: Sequence[RunRow], metric: str, *, with_places: bool
    ) -> None:
        now = {row.run_id: _seen(row, metric, with_places=with_places) for row in rows}
        before = {run_id: self._seen.get((run_id, metric)) for run_id in now}
        grown: list[UUID] = []
        anew: list[UUID] = []
        for run_id, seen in now.items():
            known = before[run_id]
            if seen != known:
                is_same_attempt = known is not None and known[0] == seen[0]
                (grown if is_same_attempt and (run_id, metric) in self._curves else anew).append(run_id)
        last = min((int(self._curves[run_id, metric].epochs[-1]) for run_id in grown), default=0)
        # The newest epoch is asked for again: more of it may have been measured.
        for run_ids, after_epoch in ((anew, -1), (grown, last - 1)):
            if run_ids:
                self._take(conn, viewer_id, run_ids, metric, after_epoch, with_places=with_places)
        self._seen |= {(run_id, metric): seen for run_id, seen in now.items()}

    def _take(
        self,
        conn: Connection,
        viewer_id: UUID,
        run_ids: list[UUID],
        metric: str,
        after_epoch: int,
        *,
        with_places: bool,
    ) -> None:
        fresh = comparison_curves(
            conn,
            viewer_id=viewer_id,
            run_ids=run_ids,
            metric=metric,
            after_epoch=after_epoch,
            with_places=with_places,
        )
        for run_id in run_ids:
            key, curve = (run_id, metric), fresh.get(run_id)
            if after_epoch < 0:
                self._curves.pop(key, None)
            if curve is not None:
                known = self._curves.get(key)
                self._curves[key] = extended(known, curve, from_epoch=after_epoch + 1) if known else curve


def _seen(row: RunRow, metric: str, *, with_places: bool) -> Seen:
    return (row.attempt, with_places), (row.state.value, row.epochs_done, repr(row.metrics.get(metric)))
