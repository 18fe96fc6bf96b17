"""An experiment, and runs that were chosen, as notebooks hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.client import frames
from nntracker_ray.client.api import Api
from nntracker_ray.client.controlled import Controlled
from nntracker_ray.client.following import follow_experiment
from nntracker_ray.client.one_run import Run
from nntracker_ray.client.reading import experiment_rows, select_runs
from nntracker_ray.client.recorded import SummaryLine, fold_summary
from nntracker_ray.commands import Selection
from nntracker_ray.errors import NotFoundError
from nntracker_ray.progress_bars import RunBars
from nntracker_ray.records import RunRow


@dataclass(frozen=True, slots=True)
class Experiment(Controlled):
    """One submitted grid."""

    api: Api
    experiment_id: UUID

    def __repr__(self) -> str:
        return f"<Experiment {self.experiment_id}>"

    @property
    def runs(self) -> list[Run]:
        """Its runs as they stand now, in grid order."""
        return [Run(self.api, row) for row in self._rows()]

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self._rows()[0].experiment

    def wait(self, *, progress: bool = True) -> Experiment:
        """Wait until every run has ended (or is paused), showing a bar for each. Returns itself."""
        rows = follow_experiment(self.api, experiment_id=self.experiment_id)
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
        return frames.curves(self.api, self._rows(), names)

    def summary(self) -> pd.DataFrame:
        """Mean and standard deviation (ddof=1) over folds and repeats, per configuration and metric."""
        lines = fold_summary(self.api, self.experiment_id)
        columns = [field.name for field in fields(SummaryLine)]
        return pd.DataFrame([asdict(line) for line in lines], columns=columns)

    def fold(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the training set in a fold (0-based): those trained on, those held out."""
        found = self.api.arrays(f"/api/experiments/{self.experiment_id}/folds/{number}")
        return found["trained"], found["held_out"]

    def plot(self, metric: str = "loss") -> Any:
        """The learning curves of all runs, as a HoloViews object."""
        return frames.plot(self.api, self._rows(), metric)

    def _controls(self) -> tuple[Api, Selection]:
        return self.api, Selection(experiment_id=self.experiment_id)

    def _rows(self) -> list[RunRow]:
        rows = experiment_rows(self.api, self.experiment_id)
        if not rows:
            raise NotFoundError(
                f"no experiment {self.experiment_id}; nntracker_ray.runs() lists what there is"
            )
        return rows


@dataclass(frozen=True, slots=True)
class Runs(Controlled):
    """The runs that a selection means, whenever it is asked."""

    api: Api
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
        rows = select_runs(self.api, self.selection)
        return [Run(self.api, row) for row in rows]

    @property
    def frame(self) -> pd.DataFrame:
        """One line for each run: state, progress and last values."""
        return pd.DataFrame([frames.flat(run.row) for run in self.runs])

    def _controls(self) -> tuple[Api, Selection]:
        return self.api, self.selection
