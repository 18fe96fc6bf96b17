"""Forks and reruns from the command to the trained weights: real database, checkpoints and Keras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from nntracker_ray.commands import Outcome, Selection, Verb
from nntracker_ray.control import command
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, CheckpointPolicy, MetricArray, MetricPoint, Observed, RunSpec
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import write_batches
from tests.integration.storage.examples_of_records import claim, submit
from tests.integration.training.training_kit import PausingMailbox, Training, bits, facts, train
from tests.sample_runs import sample_spec

EPOCHS = 4
KEEP_ALL = CheckpointPolicy(every=1, keep=10)


@dataclass
class Laboratory:
    """A database and a data folder; runs are trained when they are asked for."""

    database: Database
    home: Home
    owner_id: UUID

    def ask(self, verb: Verb, run_id: UUID, **arguments: Any) -> UUID:
        """Fork or rerun. Returns the new run."""
        chosen = {"verb": verb, "selection": Selection(run_ids=(run_id,)), "arguments": arguments}
        row = command(self.database, self.home, actor_id=self.owner_id, by="ada", **chosen)
        (target,) = row.targets
        assert target.outcome is Outcome.DONE, target.why
        assert target.new_run_id is not None
        return target.new_run_id

    def train(self, run_id: UUID, **given: Any) -> Training:
        """Make the run that is next, and store what it reports."""
        lease = claim(self.database)
        assert lease is not None
        assert lease.run_id == run_id
        training = train(lease.spec, self.home.root, **given)
        with self.database.connection() as conn:
            write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(training.records))])
        return training

    def curve(self, run_id: UUID, metric: str = "loss") -> list[tuple[int, float, bool]]:
        """(epoch, value, inherited) of each epoch."""
        names = {"viewer_id": self.owner_id, "run_ids": [run_id], "metrics": [metric]}
        with self.database.connection() as conn:
            found = queries.learning_curves(conn, **names)
        return list(zip(found["epoch"], found["value"], found["inherited"], strict=True))

    def captures(self, run_id: UUID) -> tuple[list[int], Any]:
        """Epochs and values of one captured array."""
        names = {"viewer_id": self.owner_id, "run_id": run_id, "layer": "hidden", "tensor": "kernel"}
        with self.database.connection() as conn:
            epochs, values = queries.layer_weights(conn, **names)
        return epochs.tolist(), values


@pytest.fixture
def laboratory(database: Database, tmp_path: Path) -> Laboratory:
    return Laboratory(database, Home(tmp_path), UUID(int=0))


def parent_in(
    laboratory: Laboratory, *, pause_after: int | None = None, **given: Any
) -> tuple[RunSpec, Training]:
    """A trained run that has kept the checkpoint of every epoch."""
    spec = sample_spec(checkpoints=KEEP_ALL, total_epochs=EPOCHS, **given)
    laboratory.owner_id = submit(laboratory.database, [spec])
    mailbox = {} if pause_after is None else {"mailbox": PausingMailbox(pause_after)}
    return spec, laboratory.train(spec.run_id, **mailbox)


def test_a_fork_with_another_rate_goes_on_from_the_checkpoint(laboratory: Laboratory):
    """Its history is the parent's up to there, its optimizer keeps what it has learnt, the rate is its own."""
    parent, _ = parent_in(laboratory)
    before = laboratory.curve(parent.run_id)

    fork_id = laboratory.ask(
        Verb.FORK, parent.run_id, checkpoint="epoch-0001", changes={"learning_rate": 0.002}
    )
    fork = laboratory.train(fork_id)

    curve = laboratory.curve(fork_id)
    assert [(epoch, inherited) for epoch, _, inherited in curve] == [
        (0, True), (1, True), (2, False), (3, False),
    ]  # fmt: skip
    assert [value for _, value, _ in curve[:2]] == [value for _, value, _ in before[:2]]
    assert [value for _, value, _ in curve[2:]] != [value for _, value, _ in before[2:]]
    assert laboratory.captures(fork_id)[0] == [0, 1, 2, 3]
    found = facts(fork.records)
    assert found["effective_learning_rate"] == 0.002
    assert found["forked_from"]["optimizer"] == "the parent's"
    assert laboratory.curve(parent.run_id) == before


@pytest.mark.slow
@pytest.mark.parametrize("pause_after", [None, 40], ids=["between epochs", "within an epoch"])
def test_a_fork_without_changes_ends_as_the_undisturbed_run(laboratory: Laboratory, pause_after: int | None):
    """Nothing is lost on the way through a fork: the last bit of every weight says so."""
    spec = sample_spec(total_epochs=EPOCHS)
    undisturbed = train(spec, laboratory.home.root / "undisturbed")
    parent, _ = parent_in(laboratory, pause_after=pause_after)

    checkpoint = "epoch-0001" if pause_after is None else "last"
    fork_id = laboratory.ask(Verb.FORK, parent.run_id, checkpoint=checkpoint)
    fork = laboratory.train(fork_id)

    assert bits(fork.checkpoint) == bits(undisturbed.checkpoint)
    assert [epoch for epoch, *_ in laboratory.curve(fork_id)] == list(range(EPOCHS))


@pytest.mark.parametrize("pause_after", [None, 40], ids=["between epochs", "within an epoch"])
def test_a_fork_is_looked_into_as_nobody_looked_into_its_parent(
    laboratory: Laboratory, pause_after: int | None
):
    """What went wrong in the parent is seen in the fork, which trains the same bits."""
    spec = sample_spec(total_epochs=EPOCHS)
    undisturbed = train(spec, laboratory.home.root / "undisturbed")
    looks = (Observed("gradient_cosine", topics=("weight_gradients",), every=5),)
    parent, _ = parent_in(laboratory, pause_after=pause_after, introspection=looks)
    changes = {"introspection": [{"metric": "norm", "every": 10}, {"metric": "histogram", "every_epochs": 1}]}

    checkpoint = "epoch-0001" if pause_after is None else "last"
    fork = laboratory.train(laboratory.ask(Verb.FORK, parent.run_id, checkpoint=checkpoint, changes=changes))

    found = {record.metric for record in fork.records if isinstance(record, MetricPoint | MetricArray)}
    assert {name for name in found if "/" in name} == {"weights/norm", "weights/histogram"}
    assert facts(fork.records)["introspection"]["suspended"] == []
    assert bits(fork.checkpoint) == bits(undisturbed.checkpoint)


@pytest.mark.slow
def test_another_optimizer_begins_fresh(laboratory: Laboratory):
    """The momenta of Adam mean nothing to SGD; the weights do."""
    parent, _ = parent_in(laboratory)

    fork_id = laboratory.ask(Verb.FORK, parent.run_id, checkpoint=1, changes={"optimizer": "sgd"})
    fork = laboratory.train(fork_id)

    assert facts(fork.records)["forked_from"]["optimizer"] == "fresh: the parent had Adam"
    assert [epoch for epoch, *_ in laboratory.curve(fork_id)] == list(range(EPOCHS))


@pytest.mark.slow
def test_a_fork_outlives_its_parent(laboratory: Laboratory):
    """It was queued; the parent and its files were deleted; it begins all the same, with its history."""
    parent, _ = parent_in(laboratory)
    fork_id = laboratory.ask(Verb.FORK, parent.run_id, checkpoint="epoch-0001")
    before = laboratory.curve(fork_id)

    with laboratory.database.connection() as conn:
        conn.execute("UPDATE runs SET state = 'stopped' WHERE run_id = %s", [parent.run_id])
    gone = Selection(run_ids=(parent.run_id,))
    chosen = {"verb": Verb.DELETE, "selection": gone}
    command(laboratory.database, laboratory.home, actor_id=laboratory.owner_id, by="ada", **chosen)
    laboratory.train(fork_id)

    assert not list(laboratory.home.checkpoints.glob(f"{parent.run_id}*"))
    assert laboratory.curve(fork_id)[:2] == before
    epochs, values = laboratory.captures(fork_id)
    assert epochs == [0, 1, 2, 3]
    assert np.isfinite(values).all()


@pytest.mark.slow
def test_a_rerun_gives_the_same_weights(laboratory: Laboratory):
    """Same specification, same seed: the same bits, or the first result was luck."""
    parent, first = parent_in(laboratory)

    again = laboratory.train(laboratory.ask(Verb.RERUN, parent.run_id))

    assert bits(again.checkpoint) == bits(first.checkpoint)


@pytest.mark.slow
def test_a_rerun_of_a_fork_gives_the_forks_weights(laboratory: Laboratory):
    """It begins at the fork's own beginning, whatever has become of the parent's checkpoints."""
    parent, _ = parent_in(laboratory)
    fork_id = laboratory.ask(Verb.FORK, parent.run_id, checkpoint=0, changes={"learning_rate": 0.002})
    fork = laboratory.train(fork_id)

    again_id = laboratory.ask(Verb.RERUN, fork_id)
    again = laboratory.train(again_id)

    assert bits(again.checkpoint) == bits(fork.checkpoint)
    assert laboratory.curve(again_id) == laboratory.curve(fork_id)
