"""One training, as notebooks hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nntracker_ray.checkpoint_files import Form, checkpoint_name, form_of_suffix, write_checkpoint
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.client import frames
from nntracker_ray.client.controlled import Controlled
from nntracker_ray.commands import Selection
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue, RunRow, RunState
from nntracker_ray.session import Session
from nntracker_ray.storage import queries
from nntracker_ray.storage.tables import Columns


@dataclass(frozen=True, slots=True)
class Run(Controlled):
    """One training of an experiment."""

    session: Session
    row: RunRow  # as it stood when this object was made; `refresh` reads it anew

    def __repr__(self) -> str:
        return f"<Run {self.row.run_no} {self.name!r}, {self.row.state.value} when read>"

    @classmethod
    def of(cls, session: Session, run_id: UUID) -> Run:
        """The run as it stands now. Raises: NotFoundError: there is none."""
        with session.database.connection() as conn:
            return cls(session, queries.find_run(conn, viewer_id=session.user_id, run_id=run_id))

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
        return Run.of(self.session, self.run_id)

    def metrics(self, *names: str) -> pd.DataFrame:
        """Every recorded value in long form; only the named metrics if any are named.

        Returns: columns metric, epoch (0-based), step (optimizer updates), value, time (UTC),
            inherited (whether a fork has it from its parent).
        """
        return frames.curves(self.session, [self.row], names).drop(columns=["run_id", "run"])

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
                queries.weight_arrays(conn, viewer_id=self.session.user_id, run_id=self.run_id)
            )

    def facts(self) -> dict[str, JsonValue]:
        """What is true of the run as a whole: effective learning rate, environment, scaling, ..."""
        with self.session.database.connection() as conn:
            return queries.run_facts(conn, viewer_id=self.session.user_id, run_id=self.run_id)

    def history(self) -> pd.DataFrame:
        """Every change of its state, the oldest first: time (UTC), state, attempt, by, why, error."""
        return self._table(queries.state_changes)

    def adaptations(self) -> pd.DataFrame:
        """Every effective change of the learning rate: parameter, epoch, step, old, new, cause, time, attempt."""
        return self._table(queries.adaptations)

    def commands(self) -> pd.DataFrame:
        """What was asked of it, the newest first: time (UTC), verb, arguments, by, outcome, why."""
        with self.session.database.connection() as conn:
            rows = queries.list_commands(conn, actor_id=self.session.user_id, run_id=self.run_id, limit=1000)
        lines = [
            (row.created_at, row.verb.value, row.arguments, row.by, one.outcome.value, one.why)
            for row in rows
            for one in row.targets
            if one.run_id == self.run_id
        ]
        return pd.DataFrame(lines, columns=["time", "verb", "arguments", "by", "outcome", "why"])

    def logs(self, *, limit: int = 100_000) -> pd.DataFrame:
        """What it printed, warned of and logged: attempt, line_no, time (UTC), source, level, text."""
        return self._table(queries.log_lines, limit=limit)

    def checkpoints(self) -> pd.DataFrame:
        """The checkpoints that are kept: name, kind, epochs_done, steps_done, bytes, metric, value, created_at."""
        with self.session.database.connection() as conn:
            found = queries.checkpoints(conn, viewer_id=self.session.user_id, run_id=self.run_id)
        names = [field.name for field in fields(CheckpointInfo)]
        return pd.DataFrame([asdict(one) for one in found], columns=names)

    def download(self, name: str | int = "best", path: Path | str | None = None) -> Path:
        """Write a checkpoint to a file: a Keras model (.keras), its weights (.npz), or as it is (.ckpt).

        Args:
            name: "last", "best", "epoch-0004", or the number of an epoch (0-based).
            path: What kind of file its ending says; `<name>.keras` in the working folder if None.
        Returns: the file.
        Raises: NotFoundError: no such checkpoint. BadInputError: the file is there already.
        """
        called = checkpoint_name(str(name))
        target = Path(path) if path is not None else Path(f"{called}{Form.KERAS.suffix}")
        write_checkpoint(
            self.session.database,
            self.session.home,
            viewer_id=self.session.user_id,
            run_id=self.run_id,
            name=called,
            form=form_of_suffix(target),
            target=target,
        )
        return target

    def plot(self, metric: str = "loss") -> Any:
        """The learning curve of this run, as a HoloViews object."""
        return frames.plot(self.session, [self.row], metric)

    def _controls(self) -> tuple[Session, Selection]:
        return self.session, Selection(run_ids=(self.run_id,))

    def _table(self, question: Callable[..., Columns], **more: Any) -> pd.DataFrame:
        with self.session.database.connection() as conn:
            return pd.DataFrame(question(conn, viewer_id=self.session.user_id, run_id=self.run_id, **more))

    def _captured(self, layer: str, tensor: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
        if not isinstance(layer, str):
            raise BadInputError(f"a layer is meant by its name, not {layer!r}; arrays() lists them")
        with self.session.database.connection() as conn:
            return queries.layer_weights(
                conn, viewer_id=self.session.user_id, run_id=self.run_id, layer=layer, tensor=tensor
            )
