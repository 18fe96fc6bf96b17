"""A whole platform without its web app, real trainings of handwritten digits in it, and ways to look at them."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import numpy as np

from actors.metrics_writer import start_metrics_writer
from actors.run_manager import start_run_manager, stop_run_manager
from nntracker_ray.datasets import DatasetStore
from nntracker_ray.home import Home
from nntracker_ray.models.schema import parse_model
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import DatasetRef, RunRow, RunSpec, RunState, SplitSpec
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import ensure_local_account, submit_experiment
from tests.sample_runs import sample_spec

T = TypeVar("T")
PATIENCE_S = 240.0


def await_value(look: Callable[[], T | None], what: str, timeout_s: float = PATIENCE_S) -> T:
    """Look again and again until there is something to see."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s:g} s in vain for {what}")


@contextmanager
def actors_of(home: Home, dsn: str, **limits: float) -> Iterator[None]:
    """The metrics writer and the run manager, ended in order."""
    start_metrics_writer(dsn)
    start_run_manager(str(home.root), dsn, **limits)
    try:
        yield
    finally:
        stop_run_manager()


def store_digits(home: Home, rows: int) -> DatasetRef:
    """Handwritten digits as an NPZ in the dataset store; more rows, longer epochs."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    picked = np.arange(rows) % len(x)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"digits{rows}.npz"
        np.savez(path, x=(x[picked] / 16).astype(np.float32), y=y[picked].astype(np.int64))
        stored = DatasetStore(home).add(str(path))
    return DatasetRef(stored.digest, stored.name, feature_name="x", label_name="y")


def store_model(home: Home, units: int = 16, inputs: int = 64) -> str:
    """A small classifier with dropout in the model store; returns its digest."""

    def layer(kind: str, **config: Any) -> dict[str, Any]:
        return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}

    layers = [
        layer("InputLayer", batch_shape=[None, inputs], dtype="float32", name="pixels"),
        layer("Dense", units=units, activation="relu", name="hidden"),
        layer("Dropout", rate=0.3, name="dropout"),
        layer("Dense", units=10, activation="softmax", name="scores"),
    ]
    config = {"name": "digits", "layers": layers}
    model = parse_model(json.dumps({"module": "keras", "class_name": "Sequential", "config": config}))
    ModelStore(home).add(model)
    return model.digest


@dataclass
class Lab:
    """Submits runs and watches them."""

    home: Home
    database: Database
    train: DatasetRef
    model_digest: str
    owner_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        with self.database.connection() as connection:
            self.owner_id = ensure_local_account(connection)

    def specs(self, count: int, **changes: Any) -> list[RunSpec]:
        """Runs of one new experiment, which differ in seed."""
        experiment_id = uuid4()
        return [
            sample_spec(**{**self._values(place), "experiment_id": experiment_id, **changes})
            for place in range(count)
        ]

    def _values(self, place: int) -> dict[str, Any]:
        return {
            "run_id": uuid4(),
            "name": f"digits ({place + 1})",
            "position": place,
            "repeat": place,
            "seed": 100 + place,
            "split": SplitSpec("hold-out", 1, 0),
            "total_epochs": 3,
            "model_digest": self.model_digest,
            "train": self.train,
        }

    def submit(self, specs: list[RunSpec]) -> None:
        with self.database.connection() as connection:
            submit_experiment(
                connection,
                owner_id=self.owner_id,
                experiment_id=specs[0].experiment_id,
                name="digits",
                config={},
                runs=specs,
            )

    def row(self, spec: RunSpec) -> RunRow:
        with self.database.connection() as connection:
            return queries.find_run(connection, viewer_id=self.owner_id, run_id=spec.run_id)

    def await_state(self, spec: RunSpec, *states: RunState) -> RunRow:
        def look() -> RunRow | None:
            row = self.row(spec)
            if row.state is RunState.FAILED and RunState.FAILED not in states:
                raise AssertionError(f"{spec.name} failed: {row.error}")
            return row if row.state in states else None

        return await_value(look, f"{spec.name} to be {' or '.join(states)}")

    def await_epochs(self, spec: RunSpec, epochs: int) -> RunRow:
        def look() -> RunRow | None:
            row = self.row(spec)
            if row.state is RunState.FAILED:
                raise AssertionError(f"{spec.name} failed: {row.error}")
            return row if row.epochs_done >= epochs else None

        return await_value(look, f"{epochs} epochs of {spec.name}")

    def history(self, spec: RunSpec) -> list[str]:
        """The states the run went through."""
        with self.database.connection() as connection:
            return list(
                queries.state_changes(connection, viewer_id=self.owner_id, run_id=spec.run_id)["state"]
            )

    def facts(self, spec: RunSpec) -> dict[str, Any]:
        with self.database.connection() as connection:
            return queries.run_facts(connection, viewer_id=self.owner_id, run_id=spec.run_id)

    def epochs_of(self, spec: RunSpec, metric: str) -> list[int]:
        return [epoch for epoch, _ in self.curve(spec, metric)]

    def curve(self, spec: RunSpec, metric: str) -> list[tuple[int, float]]:
        with self.database.connection() as connection:
            columns = queries.learning_curves(
                connection, viewer_id=self.owner_id, run_ids=[spec.run_id], metrics=[metric]
            )
        return sorted(zip(columns["epoch"], columns["value"], strict=True))

    def weights(self, spec: RunSpec, layer: str = "hidden", tensor: str = "kernel") -> Any:
        """All captures of one array, (epochs, *shape)."""
        with self.database.connection() as connection:
            return queries.layer_weights(
                connection, viewer_id=self.owner_id, run_id=spec.run_id, layer=layer, tensor=tensor
            )

    def most_at_once(self, specs: list[RunSpec]) -> int:
        """How many of these runs had hardware at the same moment, at most."""
        moments = []
        with self.database.connection() as connection:
            for spec in specs:
                changes = queries.state_changes(connection, viewer_id=self.owner_id, run_id=spec.run_id)
                began = None
                for state, time_ in zip(changes["state"], changes["time"], strict=True):
                    if state == "starting":
                        began = time_
                    elif began is not None and state not in ("running", "pausing", "stopping"):
                        moments += [(began, 1), (time_, -1)]
                        began = None
        at_once = most = 0
        for _, change in sorted(moments):
            at_once += change
            most = max(most, at_once)
        return most


def new_lab(home: Home, database: Database, *, rows: int = 600, units: int = 16) -> Lab:
    """Data and a model in the data folder; nothing trains yet."""
    home.create()
    return Lab(home, database, store_digits(home, rows), store_model(home, units))
