"""Forks on a cluster: each machine has its own disk, and the copies of checkpoints are all they have in common."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.commands import Outcome, Selection, Target, Verb
from nntracker_ray.control import command
from nntracker_ray.errors import CheckpointError
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, Lease, RunSpec
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import claim, submit
from tests.integration.training.training_kit import Training, facts, train
from tests.sample_runs import sample_spec

EPOCHS = 4


@dataclass
class Cluster:
    """One database, one shared folder, and a disk for each machine."""

    database: Database
    root: Path
    owner_id: UUID = field(init=False)

    def home(self, machine: str) -> Home:
        return Home(self.root / machine)

    def claimed(self) -> Lease:
        lease = claim(self.database)
        assert lease is not None
        return lease

    def train(self, lease: Lease, machine: str, **changes: Any) -> Training:
        """One attempt on this machine, and all that it reports."""
        spec, home = replace(lease.spec, **changes), self.home(machine)
        folder = CheckpointFolder(home, spec.run_id, spec.checkpoints, run_no=lease.run_no)
        training = train(spec, home.root, checkpoints=folder)
        with self.database.connection() as conn:
            write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(training.records))])
        return training

    def fork(self, run_id: UUID, machine: str) -> Target:
        chosen = {"verb": Verb.FORK, "selection": Selection(run_ids=(run_id,))}
        row = command(self.database, self.home(machine), actor_id=self.owner_id, by="ada", **chosen)
        return row.targets[0]

    def curve(self, run_id: UUID) -> list[tuple[int, bool]]:
        """(epoch, inherited) of each epoch."""
        names = {"viewer_id": self.owner_id, "run_ids": [run_id], "metrics": ["loss"]}
        with self.database.connection() as conn:
            found = queries.learning_curves(conn, **names)
        return list(zip(found["epoch"].tolist(), found["inherited"].tolist(), strict=True))

    def inherited_steps(self, lease: Lease) -> int:
        with self.database.connection() as conn:
            row = conn.execute(
                "SELECT inherited_steps FROM runs WHERE run_no = %s", [lease.run_no]
            ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def cluster(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("NNTRACKER_SHARED", str(tmp_path / "shared"))
    return Cluster(database, tmp_path)


def parent_at_epoch_2(cluster: Cluster, **given: Any) -> Lease:
    """A run that a node has trained so far, and is to train further."""
    spec: RunSpec = sample_spec(total_epochs=EPOCHS, **given)
    cluster.owner_id = submit(cluster.database, [spec])
    cluster.train(parent := cluster.claimed(), "a", total_epochs=2)
    return parent


def test_a_fork_begins_where_its_parent_was_when_it_was_forked(cluster: Cluster):
    """The command is given on a second machine, the fork trained on a third; the parent went on in between."""
    parent = parent_at_epoch_2(cluster)
    target = cluster.fork(parent.run_id, "b")
    cluster.train(parent, "a")

    fork = cluster.claimed()
    training = cluster.train(fork, "c")

    assert fork.run_id == target.new_run_id
    assert facts(training.records)["forked_from"]["epochs_done"] == 2
    assert cluster.inherited_steps(fork) == facts(training.records)["forked_from"]["steps_done"] == 32
    assert cluster.curve(fork.run_id) == [(0, True), (1, True), (2, False), (3, False)]


def test_a_checkpoint_that_is_nowhere_to_be_found_is_not_forked_from(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    """Rather no fork than one that begins anywhere."""
    parent = parent_at_epoch_2(cluster)
    monkeypatch.setenv("NNTRACKER_SHARED", str(cluster.root / "another"))

    target = cluster.fork(parent.run_id, "b")

    assert (target.outcome, target.new_run_id) == (Outcome.REFUSED, None)
    assert "neither on this machine nor" in target.why
    assert claim(cluster.database) is None


@pytest.mark.slow
def test_a_fork_made_at_a_desk_says_where_it_has_really_begun(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
):
    """The desk knows the database alone and can keep nothing aside: no epoch may be missing all the same."""
    parent = parent_at_epoch_2(cluster)
    with monkeypatch.context() as desk:
        desk.delenv("NNTRACKER_SHARED")
        cluster.fork(parent.run_id, "desk")
    cluster.train(parent, "a", total_epochs=3)

    cluster.train(fork := cluster.claimed(), "c")

    assert cluster.inherited_steps(fork) == 48
    assert cluster.curve(fork.run_id) == [(0, True), (1, True), (2, True), (3, False)]


@pytest.mark.slow
def test_a_fork_with_nothing_left_to_train_says_so(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    """Its parent has made all epochs by now; a run that is finished without an epoch would puzzle everybody."""
    parent = parent_at_epoch_2(cluster)
    with monkeypatch.context() as desk:
        desk.delenv("NNTRACKER_SHARED")
        cluster.fork(parent.run_id, "desk")
    cluster.train(parent, "a")
    fork = cluster.claimed()

    with pytest.raises(CheckpointError, match="has 4 epochs by now, and total_epochs is 4: nothing is left"):
        cluster.train(fork, "c")


@pytest.mark.slow
def test_a_later_attempt_begins_where_the_first_did(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    """Without a common place the fork begins with its parent's file, which may be another one when it begins again."""
    monkeypatch.delenv("NNTRACKER_SHARED")
    parent = parent_at_epoch_2(cluster)
    cluster.fork(parent.run_id, "desk")
    fork = cluster.claimed()
    cluster.train(fork, "a", total_epochs=3)

    kept = CheckpointFolder(cluster.home("a"), fork.run_id)

    assert kept.info("origin").epochs_done == 2
