"""An experiment, and runs that were chosen, as notebooks hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray import following
from nntracker_ray.client import frames
from nntracker_ray.client.controlled import Controlled
from nntracker_ray.client.one_run import Run
from nntracker_ray.commands import Selection
from nntracker_ray.errors import NotFoundError
from nntracker_ray.progress_bars import RunBars
from nntracker_ray.records import RunRow
from nntracker_ray.session import Session
from nntracker_ray.storage import queries


@dataclass(frozen=True, slots=True)
class Experiment(Controlled):
    """One submitted grid."""

    session: Session
    experiment_id: UUID

    def __repr__(self) -> str:
        return f"<Experiment {self.experiment_id}>"

    @property
    def runs(self) -> list[Run]:
        """Its runs as they stand now, in grid order."""
        return [Run(self.session, row) for row in self._rows()]

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self._rows()[0].experiment

    def wait(self, *, progress: bool = True) -> Experiment:
        """Wait until every run has ended (or is paused), showing a bar for each. Returns itself."""
        rows = following.follow_experiment(
            self.session.database, viewer_id=self.session.user_id, experiment_id=self.experiment_id
        )
        if not progress:
            for _ in rows:
                pass
            return self
        with RunBars(self.name) as bars:
            for current in rows:
                bars.show(current)
        return self

    def metrics(self, *names: str) -> pd.DataFrame:
        """Every recorded value of every run in long form.

        Returns: columns run_id, run, metric, epoch (0-based), step, value, time (UTC),
            inherited (whether a fork has it from its parent).
        """
        return frames.curves(self.session, self._rows(), names)

    def summary(self) -> pd.DataFrame:
        """Mean and standard deviation (ddof=1) over folds and repeats, per configuration and metric."""
        with self.session.database.connection() as conn:
            columns = queries.fold_summary(
                conn, viewer_id=self.session.user_id, experiment_id=self.experiment_id
            )
        return pd.DataFrame(columns)

    def fold(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the training set in a fold (0-based): those trained on, those held out."""
        with self.session.database.connection() as conn:
            return queries.fold_membership(
                conn, viewer_id=self.session.user_id, experiment_id=self.experiment_id, fold=number
            )

    def plot(self, metric: str = "loss") -> Any:
        """The learning curves of all runs, as a HoloViews object."""
        return frames.plot(self.session, self._rows(), metric)

    def _controls(self) -> tuple[Session, Selection]:
        return self.session, Selection(experiment_id=self.experiment_id)

    def _rows(self) -> list[RunRow]:
        rows = following.experiment_runs(
            self.session.database, viewer_id=self.session.user_id, experiment_id=self.experiment_id
        )
        if not rows:
            raise NotFoundError(
                f"no experiment {self.experiment_id}; nntracker_ray.runs() lists what there is"
            )
        return rows


@dataclass(frozen=True, slots=True)
class Runs(Controlled):
    """The runs that a selection means, whenever it is asked."""

    session: Session
    selection: Selection

    def __repr__(self) -> str:
        return f"<Runs of {self.selection}>"

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def runs(self) -> list[Run]:
        """As they stand now, newest experiment first, then in grid order."""
        with self.session.database.connection() as conn:
            rows = queries.select_runs(conn, viewer_id=self.session.user_id, selection=self.selection)
        return [Run(self.session, row) for row in rows]

    @property
    def frame(self) -> pd.DataFrame:
        """One line for each run: state, progress and last values."""
        return pd.DataFrame([frames.flat(run.row) for run in self.runs])

    def _controls(self) -> tuple[Session, Selection]:
        return self.session, self.selection
