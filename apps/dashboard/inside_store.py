"""The numbers and arrays of the inside that one open page has; only what is new is asked for again."""

from __future__ import annotations

from collections.abc import Hashable
from uuid import UUID

import numpy as np

from apps.dashboard.pages.inside_shown import Shown
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.layer_queries import SeriesKind
from nntracker_ray.storage.metric_array_queries import StoredArrays
from nntracker_ray.storage.tables import Columns

MOST_LOOKS = 2_000  # arrays of one series: of more, evenly spaced ones are read, and the picture says so


class InsideStore:
    """Holds what the last reading was about, and nothing else. Called from one thread at a time."""

    def __init__(self, database: Database, viewer_id: UUID, run_id: UUID) -> None:
        self._database = database
        self._viewer_id, self._run_id = viewer_id, run_id
        self._key: Hashable = None
        self._numbers: Columns | None = None
        self._looks: StoredArrays | None = None

    def read(self, shown: Shown, attempt: int) -> Columns | StoredArrays:
        """What is to be drawn, as it stands now. Raises: NotFoundError: It is gone."""
        is_numbers = shown.series[0].kind is SeriesKind.SCALAR
        # Another attempt may have begun anew, and what there was may be gone.
        key = (attempt, shown.metric, *(() if is_numbers else (shown.layers, shown.tensor)))
        if key != self._key:
            self._key, self._numbers, self._looks = key, None, None
        if is_numbers:
            self._numbers = self._read_numbers(shown)
            return self._numbers
        self._looks = self._read_looks(shown)
        return self._looks

    def _read_numbers(self, shown: Shown) -> Columns:
        known = self._numbers
        if known is not None and len(known["step"]):
            # Of the newest step some layers may have come by then, and others later.
            last = int(np.max(known["step"]))
            fresh = self._curves(shown.metric, last - 1)
            whole = _joined(_before(known, last), fresh)
            if len(whole["step"]) >= sum(one.points for one in shown.series):
                return whole
        return self._curves(shown.metric, -1)

    def _curves(self, metric: str, after_step: int) -> Columns:
        with self._database.connection() as conn:
            return queries.layer_curves(
                conn, viewer_id=self._viewer_id, run_id=self._run_id, metrics=[metric], after_step=after_step
            )

    def _read_looks(self, shown: Shown) -> StoredArrays:
        known = self._looks
        if known is not None and known.arrays and known.points == len(known.arrays):
            fresh = self._arrays(shown, known.arrays[-1].step)
            points = known.points + fresh.points
            if points == shown.series[0].points and points <= MOST_LOOKS:
                return StoredArrays(points, known.arrays + fresh.arrays)
        return self._arrays(shown, -1)

    def _arrays(self, shown: Shown, after_step: int) -> StoredArrays:
        one = shown.series[0]
        with self._database.connection() as conn:
            return queries.metric_arrays(
                conn,
                viewer_id=self._viewer_id,
                run_id=self._run_id,
                metric=one.metric,
                layer=one.layer,
                tensor=one.tensor,
                after_step=after_step,
                most=MOST_LOOKS,
            )


def _before(columns: Columns, step: int) -> Columns:
    earlier = np.asarray(columns["step"]) < step
    return {name: np.asarray(column)[earlier] for name, column in columns.items()}


def _joined(first: Columns, second: Columns) -> Columns:
    return {
        name: np.concatenate([np.asarray(column), np.asarray(second[name])]) for name, column in first.items()
    }
