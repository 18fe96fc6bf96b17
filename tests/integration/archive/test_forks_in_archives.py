"""Forks go out with their parents or without, and come in with their whole history."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.fork_writes import fork_run
from tests.integration.archive.archive_kit import (
    archive,
    bring_in,
    checkpoint_fact,
    claim,
    contents,
    end,
    local_account,
    some_specs,
    submit,
    train,
)


def fork_of(database: Database, owner_id: UUID, run_id: UUID, *, epochs: int) -> UUID:
    """A fork of a run that keeps a checkpoint after so many epochs."""
    arguments = {"checkpoint": f"epoch-{epochs - 1:04}", "changes": {"learning_rate": 0.003}, "name": "fork"}
    with database.connection() as conn:
        made, _ = fork_run(conn, actor_id=owner_id, run_id=run_id, by="ada", arguments=arguments)
    return made


class TestForks:
    def test_a_fork_beside_its_parent_stays_its_fork(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """What a fork inherits is its parent's: twice in the archive it could differ."""
        owner_id, parent_id, fork_id = self._forked(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=[parent_id, fork_id])

        bring_in(other, home, out)

        viewer_id = local_account(other)
        again = archive(
            other, home, tmp_path / "again.zip", viewer_id=viewer_id, run_ids=[parent_id, fork_id]
        )
        assert contents(again) == contents(out)
        with other.connection() as conn:
            assert queries.find_run(conn, viewer_id=viewer_id, run_id=fork_id).parent_id == parent_id
        assert self._losses(database, fork_id) == self._losses(other, fork_id) != []

    def test_a_fork_alone_brings_its_whole_history(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """A curve that begins in the middle would say that the run did."""
        owner_id, _, fork_id = self._forked(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=[fork_id])

        bring_in(other, home, out)

        assert self._losses(database, fork_id) == self._losses(other, fork_id) != []
        assert self._looks(database, fork_id) == self._looks(other, fork_id) == [0, 0, 1, 1, 2, 2, 3, 3]
        again = archive(
            other, home, tmp_path / "again.zip", viewer_id=local_account(other), run_ids=[fork_id]
        )
        assert contents(again) == contents(out)

    def _forked(self, database: Database) -> tuple[UUID, UUID, UUID]:
        specs = some_specs(1, total_epochs=4)
        owner_id = submit(database, specs)
        parent = claim(database)
        train(database, parent, range(4))
        checkpoint_fact(database, parent.run_no, 2)
        end(database, parent, RunState.FINISHED)
        fork_id = fork_of(database, owner_id, parent.run_id, epochs=2)
        fork = claim(database)
        train(database, fork, range(2, 4))
        end(database, fork, RunState.FINISHED)
        return owner_id, parent.run_id, fork_id

    def _looks(self, database: Database, run_id: UUID) -> list[int]:
        """Epochs of what was looked at, the inherited ones among them."""
        viewer_id, series = local_account(database), {"layer": "dense", "tensor": "kernel"}
        with database.connection() as conn:
            found = queries.metric_arrays(
                conn, viewer_id=viewer_id, run_id=run_id, metric="weights/histogram", **series
            )
        return [one.epoch for one in found.arrays]

    def _losses(self, database: Database, run_id: UUID) -> list[tuple[int, str]]:
        viewer_id = local_account(database)
        with database.connection() as conn:
            found = queries.learning_curves(conn, viewer_id=viewer_id, run_ids=[run_id], metrics=["loss"])
        return [
            (int(epoch), repr(value)) for epoch, value in zip(found["epoch"], found["value"], strict=True)
        ]
