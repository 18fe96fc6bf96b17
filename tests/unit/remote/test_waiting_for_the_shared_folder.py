"""A shared folder that does not answer delays a run; it does not fail it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import numpy as np
import pytest

from nntracker_ray.datasets import DatasetStore
from nntracker_ray.errors import RemoteError
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import DatasetRef, RunSpec
from nntracker_ray.storage.connection import Database
from nntracker_ray.workbench import Workbench
from tests.integration.runs.run_kit import store_model
from tests.sample_runs import sample_spec


def not_asked_for(*_: object) -> NoReturn:
    """Stand where a workbench keeps what fetching material has no business with."""
    pytest.fail("fetching material asked for a sink or a message")


def bench_on(home: Home) -> Workbench:
    """What a worker of this node has; nothing here asks the database or a sink."""
    database = Database("host=nowhere.invalid")
    return Workbench(home, database, DatasetStore(home), ModelStore(home), not_asked_for, not_asked_for)


def spec_on(home: Home, folder: Path) -> RunSpec:
    """A run whose data and model another node has added."""
    path = folder / "points.npz"
    np.savez(path, x=np.arange(128.0).reshape(2, 64), y=np.arange(2))
    stored = DatasetStore(home).add(str(path))
    train = DatasetRef(stored.digest, stored.name, feature_name="x", label_name="y")
    return sample_spec(run_id=uuid4(), train=train, model_digest=store_model(home))


def spoil(shared: Path, spec: RunSpec) -> tuple[Path, bytes]:
    """Damage the shared copy of the data. Returns the file and what it should hold."""
    columns = shared / "datasets" / spec.train.digest / "columns.bin"
    whole = columns.read_bytes()
    columns.write_bytes(whole[:-1])
    return columns, whole


def test_a_run_waits_until_it_answers(shared: Path, here: Home, there: Home, tmp_path: Path):
    """A minute without the network must not end an experiment."""
    spec = spec_on(here, tmp_path)
    columns, whole = spoil(shared, spec)
    repair = threading.Timer(0.3, lambda: columns.write_bytes(whole))
    repair.start()

    material = bench_on(there).material(spec, unwanted=threading.Event())

    repair.join()
    assert material.model_json
    assert len(material.data.x_train) > 0


def test_a_run_that_should_leave_does_not_wait(shared: Path, here: Home, there: Home, tmp_path: Path):
    """A person who pauses it, or a platform that stops, has seconds and not minutes."""
    spec = spec_on(here, tmp_path)
    spoil(shared, spec)
    unwanted = threading.Event()
    threading.Timer(0.3, unwanted.set).start()

    with pytest.raises(RemoteError, match="missing or damaged"):
        bench_on(there).material(spec, unwanted=unwanted)
