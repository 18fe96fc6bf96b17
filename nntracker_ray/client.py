"""The Python API for notebooks: submit experiments, wait, and have what was recorded as frames and arrays.

import nntracker_ray as nn
experiment = nn.submit("experiment.json")
experiment.wait()
experiment.metrics()
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray import following, submission
from nntracker_ray.errors import NotFoundError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform
from nntracker_ray.progress_bars import RunBars
from nntracker_ray.records import JsonValue, RunRow, RunState
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database, resolve_dsn


@dataclass(frozen=True, slots=True)
class Session:
    """A data folder, its database, and who is asking."""

    home: Home
    database: Database
    owner_id: UUID

    @classmethod
    def open(cls, home: Home | None = None) -> Session:
        """Open the database of a running platform (or the one that NNTRACKER_DATABASE_URL names).

        Raises: DatabaseAwayError: No database answers.
        """
        home = home or Home.default()
        database = Database(resolve_dsn(home), application="nntracker client")
        with database.connection() as conn:
            return cls(home, database, writes.ensure_local_account(conn))


@dataclass(frozen=True, slots=True)
class Run:
    """One training of an experiment."""

    session: Session
    row: RunRow  # as it stood when this object was made; `refresh` reads it anew

    @property
    def name(self) -> str:
        """The run's name: "Digits (O1) (LR2) (1)"."""
        return self.row.name

    @property
    def run_id(self) -> UUID:
        """The run's stable identity."""
        return self.row.run_id

    @property
    def state(self) -> RunState:
        """Its state now."""
        return self.refresh().row.state

    def refresh(self) -> Run:
        """The same run as it stands now."""
        with self.session.database.connection() as conn:
            return Run(
                self.session, queries.find_run(conn, owner_id=self.session.owner_id, run_id=self.run_id)
            )

    def metrics(self, *names: str) -> pd.DataFrame:
        """Every recorded value in long form; only the named metrics if any are named.

        Returns: columns metric, epoch (0-based), step (optimizer updates), value, time (UTC).
        """
        return _curves(self.session, [self.row], names).drop(columns=["run_id", "run"])

    def weights(self, layer: str, tensor: str = "kernel") -> NDArray[Any]:
        """One weight array of a layer over the captured epochs.

        Returns: shape (captures, *array shape), in the array's own dtype; `weight_epochs` names the epochs.
        Raises: NotFoundError: No such layer or array; the message lists those that there are.
        """
        return self._captured(layer, tensor)[1]

    def weight_epochs(self, layer: str, tensor: str = "kernel") -> NDArray[np.int64]:
        """The epochs (0-based) at which `weights` was captured."""
        return self._captured(layer, tensor)[0]

    def arrays(self) -> pd.DataFrame:
        """What was captured: layer_index, layer_name, tensor, dtype, shape, epochs."""
        with self.session.database.connection() as conn:
            return pd.DataFrame(
                queries.weight_arrays(conn, owner_id=self.session.owner_id, run_id=self.run_id)
            )

    def facts(self) -> dict[str, JsonValue]:
        """What is true of the run as a whole: effective learning rate, environment, scaling, ..."""
        with self.session.database.connection() as conn:
            return queries.run_facts(conn, owner_id=self.session.owner_id, run_id=self.run_id)

    def plot(self, metric: str = "loss") -> Any:
        """The learning curve of this run, as a HoloViews object."""
        return _plot(self.session, [self.row], metric)

    def _captured(self, layer: str, tensor: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
        with self.session.database.connection() as conn:
            return queries.layer_weights(
                conn, owner_id=self.session.owner_id, run_id=self.run_id, layer=layer, tensor=tensor
            )


@dataclass(frozen=True, slots=True)
class Experiment:
    """One submitted grid."""

    session: Session
    experiment_id: UUID

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
            self.session.database, owner_id=self.session.owner_id, experiment_id=self.experiment_id
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

        Returns: columns run_id, run, metric, epoch (0-based), step, value, time (UTC).
        """
        return _curves(self.session, self._rows(), names)

    def summary(self) -> pd.DataFrame:
        """Mean and standard deviation (ddof=1) over folds and repeats, per configuration and metric."""
        with self.session.database.connection() as conn:
            columns = queries.fold_summary(
                conn, owner_id=self.session.owner_id, experiment_id=self.experiment_id
            )
        return pd.DataFrame(columns)

    def fold(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the training set in a fold (0-based): those trained on, those held out."""
        with self.session.database.connection() as conn:
            return queries.fold_membership(
                conn, owner_id=self.session.owner_id, experiment_id=self.experiment_id, fold=number
            )

    def plot(self, metric: str = "loss") -> Any:
        """The learning curves of all runs, as a HoloViews object."""
        return _plot(self.session, self._rows(), metric)

    def _rows(self) -> list[RunRow]:
        rows = following.experiment_runs(
            self.session.database, owner_id=self.session.owner_id, experiment_id=self.experiment_id
        )
        if not rows:
            raise NotFoundError(
                f"no experiment {self.experiment_id}; nntracker_ray.runs() lists what there is"
            )
        return rows


def submit(
    experiment: Path | str | Mapping[str, Any], *, model: Path | str | None = None, home: Home | None = None
) -> Experiment:
    """Queue an experiment; a platform is started in the background if none runs.

    Args:
        experiment: Path of a JSON or YAML file, or the same as a mapping.
        model: File with Keras model JSON when the experiment names none.
    Raises: ConfigError: Every problem of the experiment, its data and its model.
    """
    home = home or Home.default()
    ensure_platform(home)
    session = Session.open(home)
    source = experiment if isinstance(experiment, Mapping) else Path(experiment)
    prepared = submission.prepare(source, home=home, owner_id=session.owner_id, model=model)
    return Experiment(session, submission.submit(session.database, prepared, owner_id=session.owner_id))


def runs(*, limit: int = 1000) -> pd.DataFrame:
    """The newest runs: one row each, with state, progress and last values."""
    session = Session.open()
    with session.database.connection() as conn:
        rows = queries.list_runs(conn, owner_id=session.owner_id, limit=limit)
    return pd.DataFrame([_flat(row) for row in rows])


def experiment(experiment_id: UUID | str) -> Experiment:
    """An experiment by its id. Raises: NotFoundError: there is none."""
    found = Experiment(Session.open(), UUID(str(experiment_id)))
    found._rows()
    return found


def sql(text: str, *, max_rows: int = 100_000) -> pd.DataFrame:
    """The result of one read-only SQL statement. Raises: QueryError: it is not one, or ran past its limits."""
    result = queries.read_only_sql(resolve_dsn(Home.default()), text, max_rows=max_rows)
    return pd.DataFrame(result.rows, columns=list(result.columns))


def ensure_platform(home: Home) -> None:
    """Start the platform in the background unless one runs on this data folder.

    Raises: PlatformError: It did not come up; the message says what its log says.
    """
    if running_platform(home) is not None:
        return
    print(
        "No platform is running: starting one in the background (end it with `nntracker down`).",
        file=sys.stderr,
    )
    command = [
        sys.executable,
        "-m",
        "apps.cli",
        "start",
        "--background",
        "--no-example",
        "--home",
        str(home.root),
    ]
    ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode != 0:
        raise PlatformError(f"the platform did not start: {ended.stderr.strip() or ended.stdout.strip()}")


def _curves(session: Session, rows: Sequence[RunRow], names: Sequence[str]) -> pd.DataFrame:
    with session.database.connection() as conn:
        columns = queries.learning_curves(
            conn, owner_id=session.owner_id, run_ids=[row.run_id for row in rows], metrics=list(names) or None
        )
    frame = pd.DataFrame(columns)
    name_by_id = {str(row.run_id): row.name for row in rows}
    frame.insert(1, "run", frame["run_id"].map(lambda run_id: name_by_id.get(str(run_id), "")))
    return frame


def _plot(session: Session, rows: Sequence[RunRow], metric: str) -> Any:
    from nntracker_ray import figures

    # One point a run at the end of many lines shows nothing.
    test = [f"test_{metric}"] if len(rows) == 1 else []
    curves = _curves(session, rows, [metric, f"val_{metric}", *test])
    return figures.learning_curves(curves, metric, names={row.run_id: row.name for row in rows})


def _flat(row: RunRow) -> dict[str, Any]:
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
