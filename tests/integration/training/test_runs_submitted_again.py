"""A run that was deleted and comes back under the same id begins at nothing, whatever lies on whose disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nntracker_ray.commands import Outcome, Selection, Verb
from nntracker_ray.control import command
from nntracker_ray.datasets import DatasetStore
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import Batch, Lease, RunSpec, RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import change_state, write_batches
from nntracker_ray.sweeping import remove_files_of_deleted
from nntracker_ray.workbench import Workbench
from tests.integration.storage.examples_of_records import claim, submit
from tests.integration.training.training_kit import PausingMailbox, Training, bits, train
from tests.sample_runs import sample_spec

EPOCHS = 4
WITHIN_THE_THIRD_EPOCH = 40  # readings of the mailbox


@dataclass
class Machines:
    """One database, and three machines with a disk each."""

    database: Database
    worker: Home
    head: Home  # where the run manager is
    desk: Home  # has the database's address and nothing else
    owner_id: UUID = field(init=False)

    def submit(self, spec: RunSpec) -> None:
        self.owner_id = submit(self.database, [spec])

    def train(self, **given: Any) -> tuple[Lease, Training]:
        """Train the next run on the worker, and store what it reports."""
        lease = claim(self.database)
        assert lease is not None
        bench = Workbench(
            self.worker, self.database, DatasetStore(self.worker), ModelStore(self.worker), _unused, _unused
        )
        training = train(lease.spec, self.worker.root, checkpoints=bench.checkpoints(lease), **given)
        with self.database.connection() as conn:
            write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(training.records))])
            state = RunState(training.status.outcome)
            change_state(conn, run_id=lease.run_id, state=state, by="trainer", attempt=lease.attempt)
        return lease, training

    def delete(self, run_id: UUID, *, at: Home) -> None:
        row = command(
            self.database,
            at,
            actor_id=self.owner_id,
            by="ada",
            verb=Verb.DELETE,
            selection=Selection(run_ids=(run_id,)),
        )
        assert [target.outcome for target in row.targets] == [Outcome.DONE]

    def epochs(self, run_id: UUID) -> list[int]:
        names = {"viewer_id": self.owner_id, "run_ids": [run_id], "metrics": ["loss"]}
        with self.database.connection() as conn:
            return [int(epoch) for epoch in queries.learning_curves(conn, **names)["epoch"]]


def _unused(*_: Any) -> Any:
    raise AssertionError("nobody needs it here")


@pytest.fixture
def machines(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Machines:
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)
    return Machines(database, *(Home(tmp_path / name) for name in ("worker", "head", "desk")))


def test_a_run_submitted_again_has_all_its_epochs(machines: Machines):
    """Nobody has removed the old checkpoint from the worker's disk; going on from it would lose what it covers."""
    machines.submit(spec := sample_spec(total_epochs=EPOCHS))
    first, _ = machines.train(mailbox=PausingMailbox(WITHIN_THE_THIRD_EPOCH))
    machines.delete(first.run_id, at=machines.desk)
    remove_files_of_deleted(machines.database, machines.head)

    machines.submit(spec)
    again, training = machines.train()

    assert again.run_id == first.run_id
    assert machines.epochs(again.run_id) == list(range(EPOCHS))
    undisturbed = train(spec, machines.desk.root)
    assert bits(training.checkpoint) == bits(undisturbed.checkpoint)
