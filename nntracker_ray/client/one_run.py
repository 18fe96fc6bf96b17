"""A run as notebooks hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.client import frames
from nntracker_ray.client.api import Api
from nntracker_ray.client.controlled import Controlled
from nntracker_ray.client.inside_plots import PlottedInside
from nntracker_ray.client.reading import find_run
from nntracker_ray.client.recorded import (
    Adaptation,
    ArrayInfo,
    LogLine,
    StateChange,
    checkpoint_name,
    download_checkpoint,
    list_commands,
    log_lines,
)
from nntracker_ray.commands import Selection
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue, RunRow, RunState


@dataclass(frozen=True, slots=True)
class Run(Controlled, PlottedInside):
    """One training of an experiment."""

    api: Api
    row: RunRow  # as it stood when this object was made; `refresh` reads it anew

    def __repr__(self) -> str:
        return f"<Run {self.row.run_no} {self.name!r}, {self.row.state.value} when read>"

    @classmethod
    def of(cls, api: Api, run_id: UUID) -> Run:
        """The run as it stands now. Raises: NotFoundError: there is none."""
        return cls(api, find_run(api, run_id))

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
        return Run.of(self.api, self.run_id)

    def metrics(self, *names: str) -> pd.DataFrame:
        """Every recorded value in long form; only the named metrics if any are named.

        Returns: columns metric, epoch (0-based), step (optimizer updates), value, time (UTC),
            inherited (whether a fork has it from its parent).
        """
        return frames.curves(self.api, [self.row], names).drop(columns=["run_id", "run"])

    def weights(self, layer: str, tensor: str = "kernel") -> NDArray[Any]:
        """One weight array of a layer over the captured epochs.

        Returns: shape (captures, *array shape), in the array's own dtype; `weight_epochs` names the epochs.
        Raises: NotFoundError: No such layer or array; `arrays()` lists those that there are.
        """
        return self._captured(layer, tensor)["values"]

    def weight_epochs(self, layer: str, tensor: str = "kernel") -> NDArray[np.int64]:
        """The epochs (0-based) at which `weights` was captured."""
        return self._captured(layer, tensor)["epochs"]

    def arrays(self) -> pd.DataFrame:
        """What was captured: layer_index, layer_name, tensor, dtype, shape, epochs."""
        return _frame(ArrayInfo, self.api.read(list[ArrayInfo], f"{self._path}/arrays"))

    def facts(self) -> dict[str, JsonValue]:
        """What is true of the run as a whole: effective learning rate, environment, scaling, ..."""
        found: dict[str, JsonValue] = self.api.get(f"{self._path}/facts")
        return found

    def history(self) -> pd.DataFrame:
        """Every change of its state, the oldest first: time (UTC), state, attempt, by, why, error."""
        return _frame(StateChange, self.api.read(list[StateChange], f"{self._path}/history"))

    def adaptations(self) -> pd.DataFrame:
        """Every effective change of the learning rate: parameter, epoch, step, old, new, cause, time, attempt."""
        return _frame(Adaptation, self.api.read(list[Adaptation], f"{self._path}/adaptations"))

    def commands(self) -> pd.DataFrame:
        """What was asked of it, the newest first: time (UTC), verb, arguments, by, outcome, why."""
        lines = [
            (row.created_at, row.verb.value, row.arguments, row.by, one.outcome.value, one.why)
            for row in list_commands(self.api, self.run_id)
            for one in row.targets
            if one.run_id == self.run_id
        ]
        return pd.DataFrame(lines, columns=["time", "verb", "arguments", "by", "outcome", "why"])

    def logs(self, *, limit: int = 100_000) -> pd.DataFrame:
        """What it printed, warned of and logged: attempt, line_no, time (UTC), source, level, text."""
        return _frame(LogLine, list(log_lines(self.api, self.run_id, limit=limit)))

    def checkpoints(self) -> pd.DataFrame:
        """The checkpoints that are kept: name, kind, epochs_done, steps_done, bytes, metric, value, created_at."""
        return _frame(CheckpointInfo, self.api.read(list[CheckpointInfo], f"{self._path}/checkpoints"))

    def download(self, name: str | int = "best", path: Path | str | None = None) -> Path:
        """Write a checkpoint to a file: a Keras model (.keras), its weights (.npz), or as it is (.ckpt).

        Args:
            name: "last", "best", "epoch-0004", or the number of an epoch (0-based).
            path: What kind of file its ending says; `<name>.keras` in the working folder if None.
        Returns: the file.
        Raises: NotFoundError: no such checkpoint. BadInputError: the file is there already.
        """
        called = checkpoint_name(str(name))
        target = Path(path) if path is not None else Path(f"{called}.keras")
        download_checkpoint(self.api, self.run_id, called, target)
        return target

    def plot(self, metric: str = "loss") -> Any:
        """The learning curve of this run, as a HoloViews object."""
        return frames.plot(self.api, [self.row], metric)

    @property
    def _path(self) -> str:
        return f"/api/runs/{self.run_id}"

    def _controls(self) -> tuple[Api, Selection]:
        return self.api, Selection(run_ids=(self.run_id,))

    def _inside(self) -> tuple[Api, str]:
        return self.api, f"{self._path}/introspection"

    def _captured(self, layer: str, tensor: str) -> dict[str, NDArray[Any]]:
        if not isinstance(layer, str):
            raise BadInputError(f"a layer is meant by its name, not {layer!r}; arrays() lists them")
        return self.api.arrays(f"{self._path}/weights", layer=layer, tensor=tensor)


def _frame(kind: type[Any], lines: Sequence[Any]) -> pd.DataFrame:
    """A line for each record; with the same columns when there is none."""
    return pd.DataFrame([asdict(one) for one in lines], columns=[field.name for field in fields(kind)])
