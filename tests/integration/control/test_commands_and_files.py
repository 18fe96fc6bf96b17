"""Commands and the disk: what is kept aside, recorded and removed with them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from nntracker_ray.checkpoint_files import Form, write_checkpoint
from nntracker_ray.checkpoints.archive import write_archive
from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import infos_as_fact
from nntracker_ray.commands import CommandRow, Outcome, Selection, Verb
from nntracker_ray.control import await_command, command
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.records import CheckpointPolicy, Lease, Origin, RunFact, RunSpec, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import find_run, layer_weights, state_changes
from nntracker_ray.storage.queries import run_spec as run_spec_of
from nntracker_ray.storage.writes import change_state, write_batches
from nntracker_ray.sweeping import remove_files_of_deleted
from tests.integration.storage import examples_of_records as examples
from tests.integration.storage.examples_of_records import run_spec, specs, started_run, submit

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A data folder of its own."""
    return Home(tmp_path)


def ask(database: Database, home: Home, owner_id: UUID, verb: Verb, *runs: UUID, **given: Any) -> CommandRow:
    chosen = Selection(run_ids=runs)
    return command(database, home, actor_id=owner_id, by="ada", verb=verb, selection=chosen, **given)


def save(
    home: Home,
    run_id: UUID,
    *,
    epochs_done: int,
    batches_done: int = 0,
    name: str = "last",
    run_no: int | None = None,
) -> Path:
    """A checkpoint as a trainer leaves it, as far as commands look into it."""
    place = {
        "epochs_done": epochs_done,
        "batches_done": batches_done,
        "steps_done": epochs_done * 10 + batches_done,
        "last_capture": None,
    }
    head = {
        "run_id": str(run_id),
        "run_no": run_no,
        "place": place,
        "callbacks": {},
        "weights": [[0, "dense", "kernel", "model/0"]],
        "created_at": datetime.now(UTC).isoformat(),
    }
    path = CheckpointFolder(home, run_id).path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_archive(path, head, {"model/0": KERNEL})
    return path


def say(database: Database, lease: Lease, state: RunState) -> None:
    with database.connection() as connection:
        change_state(connection, run_id=lease.run_id, state=state, by="trainer", attempt=lease.attempt)


def paused_run(database: Database, home: Home, **place: int) -> tuple[UUID, Lease]:
    owner_id, lease = started_run(database)
    ask(database, home, owner_id, Verb.PAUSE, lease.run_id)
    save(home, lease.run_id, **place)
    say(database, lease, RunState.PAUSED)
    return owner_id, lease


def report_checkpoints(database: Database, home: Home, lease: Lease) -> None:
    fact = RunFact("checkpoints", infos_as_fact(CheckpointFolder(home, lease.run_id).infos()))
    with database.connection() as connection:
        write_batches(connection, [examples.batch(lease, fact)])


def captured(database: Database, owner_id: UUID, lease: Lease) -> tuple[Any, Any]:
    with database.connection() as connection:
        return layer_weights(
            connection, viewer_id=owner_id, run_id=lease.run_id, layer="dense", tensor="kernel"
        )


class TestStoppingARunThatRests:
    def test_records_the_last_capture_from_its_checkpoint(self, database: Database, home: Home):
        """Stop keeps a final capture, also of a run whose trainer left long ago."""
        owner_id, lease = paused_run(database, home, epochs_done=3, batches_done=4)

        ask(database, home, owner_id, Verb.STOP, lease.run_id)

        epochs, values = captured(database, owner_id, lease)
        assert list(epochs) == [3]
        np.testing.assert_array_equal(values, [KERNEL])

    def test_a_repeated_key_does_nothing_on_the_disk(self, database: Database, home: Home):
        """The run may have gone on since, and its checkpoint with it."""
        owner_id, lease = paused_run(database, home, epochs_done=3)
        ask(database, home, owner_id, Verb.STOP, lease.run_id, key="k")
        save(home, lease.run_id, epochs_done=7)

        ask(database, home, owner_id, Verb.STOP, lease.run_id, key="k")

        epochs, _ = captured(database, owner_id, lease)
        assert list(epochs) == [2]

    def test_a_damaged_checkpoint_does_not_hinder_it(self, database: Database, home: Home):
        """The person wants it stopped; what cannot be captured is said in the log."""
        owner_id, lease = paused_run(database, home, epochs_done=3)
        CheckpointFolder(home, lease.run_id).path("last").write_bytes(b"torn")

        row = ask(database, home, owner_id, Verb.STOP, lease.run_id)

        assert row.targets[0].outcome is Outcome.DONE


class TestForking:
    def test_keeps_the_beginning_aside_and_says_where_it_really_is(self, database: Database, home: Home):
        """The parent trains on while it is forked: what it had reported of its last checkpoint is old by then."""
        owner_id, lease = started_run(database)
        save(home, lease.run_id, epochs_done=2)
        report_checkpoints(database, home, lease)
        kept = save(home, lease.run_id, epochs_done=4).read_bytes()

        (target,) = ask(
            database,
            home,
            owner_id,
            Verb.FORK,
            lease.run_id,
            arguments={"changes": {"learning_rate": 0.5}},
        ).targets
        save(home, lease.run_id, epochs_done=5)

        assert target.new_run_id is not None
        assert CheckpointFolder(home, target.new_run_id).path("origin").read_bytes() == kept
        with database.connection() as connection:
            fork = find_run(connection, viewer_id=owner_id, run_id=target.new_run_id)
        assert (fork.epochs_done, fork.state) == (4, RunState.QUEUED)

    def test_outlives_its_parent_s_files(self, database: Database, home: Home):
        """The parent may be deleted a second later."""
        owner_id, lease = paused_run(database, home, epochs_done=2)
        report_checkpoints(database, home, lease)
        (target,) = ask(database, home, owner_id, Verb.FORK, lease.run_id).targets

        ask(database, home, owner_id, Verb.DELETE, lease.run_id)

        assert target.new_run_id is not None
        assert not CheckpointFolder(home, lease.run_id).folder.exists()
        assert CheckpointFolder(home, target.new_run_id).has("origin")

    def test_a_run_without_checkpoint_is_refused_with_the_reason(self, database: Database, home: Home):
        """One of many may have none; the others are forked."""
        owner_id, lease = paused_run(database, home, epochs_done=2)
        report_checkpoints(database, home, lease)
        submit(database, [fresh := run_spec()])

        row = ask(database, home, owner_id, Verb.FORK, lease.run_id, fresh.run_id)

        assert [target.outcome for target in row.targets] == [Outcome.DONE, Outcome.REFUSED]
        assert "checkpoint" in row.targets[1].why


class TestDeleting:
    def test_removes_the_files_of_the_run_and_of_no_other(self, database: Database, home: Home):
        """The disk is what most people delete for."""
        owner_id = submit(database, runs := specs(2))
        for spec in runs:
            save(home, spec.run_id, epochs_done=1)
            for old in ("ckpt", "best.npz"):
                (home.checkpoints / f"{spec.run_id}.{old}").write_bytes(b"of the first release")

        ask(database, home, owner_id, Verb.DELETE, runs[0].run_id)

        assert {path.name.split(".")[0] for path in home.checkpoints.iterdir()} == {str(runs[1].run_id)}
        assert remove_files_of_deleted(database, home) == 0

    def test_removes_copies_in_remote_places(
        self, database: Database, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Storage that is paid for by the gigabyte must not keep what nobody has any more."""
        shared, own = tmp_path / "shared", tmp_path / "own"
        monkeypatch.setenv("NNTRACKER_SHARED", str(shared))
        spec = with_location(run_spec(), str(own))
        owner_id = submit(database, [spec])
        copies = [place / "checkpoints" / str(spec.run_id) / "last.ckpt" for place in (shared, own)]
        for copy in copies:
            copy.parent.mkdir(parents=True)
            copy.write_bytes(b"copy")

        ask(database, home, owner_id, Verb.DELETE, spec.run_id)

        assert [copy.exists() for copy in copies] == [False, False]

    def test_files_that_cannot_be_removed_are_tried_again(self, database: Database, home: Home):
        """A disk that hangs for a moment must not leave rubbish for ever."""
        owner_id = submit(database, [spec := with_location(run_spec(), "nowhere://at/all")])
        ask(database, home, owner_id, Verb.DELETE, spec.run_id)
        with database.connection() as connection:
            assert not swept(connection)
            connection.execute("UPDATE deleted_runs SET location = NULL")

        assert remove_files_of_deleted(database, home) == 1

        with database.connection() as connection:
            assert swept(connection)


class TestADatabaseWithAnAddress:
    """Whoever has the address may delete; the files are where the run manager is."""

    @pytest.fixture(autouse=True)
    def by_address(self, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)

    def test_only_the_run_manager_removes_files_and_says_so(
        self, database: Database, home: Home, tmp_path: Path
    ):
        """Who finds nothing on a disk of their own knows nothing of the disk that has it."""
        owner_id = submit(database, [spec := run_spec()])
        save(home, spec.run_id, epochs_done=1)

        ask(database, Home(tmp_path / "desk"), owner_id, Verb.DELETE, spec.run_id)
        with pytest.raises(ConflictError, match="a running platform removes them"):
            submit(database, [spec])
        assert remove_files_of_deleted(database, home) == 1

        assert not CheckpointFolder(home, spec.run_id).folder.exists()
        submit(database, [spec])


class TestWhatADeletedRunOfTheSameIdHasLeft:
    """Its checkpoint lies on a machine that nobody looked at; the run was submitted again, and has another number."""

    @pytest.fixture
    def again(self, database: Database, home: Home) -> tuple[UUID, Lease]:
        owner_id, lease = started_run(database)
        ask(database, home, owner_id, Verb.PAUSE, lease.run_id)
        say(database, lease, RunState.PAUSED)
        save(home, lease.run_id, epochs_done=7, run_no=lease.run_no - 1)
        return owner_id, lease

    def test_is_not_captured(self, database: Database, home: Home, again: tuple[UUID, Lease]):
        """It would be a capture of epochs that this run has never made."""
        owner_id, lease = again

        ask(database, home, owner_id, Verb.STOP, lease.run_id)

        with pytest.raises(NotFoundError, match="no captured array"):
            captured(database, owner_id, lease)

    def test_is_not_where_a_fork_begins(self, database: Database, home: Home, again: tuple[UUID, Lease]):
        """The fork takes the checkpoint of the parent that was forked, from where that is."""
        owner_id, lease = again
        save(other := Home(home.root / "other"), lease.run_id, epochs_done=2, run_no=lease.run_no)
        report_checkpoints(database, other, lease)

        (target,) = ask(database, home, owner_id, Verb.FORK, lease.run_id).targets

        assert target.new_run_id is not None
        assert not CheckpointFolder(home, target.new_run_id).has("origin")
        with database.connection() as connection:
            fork = find_run(connection, viewer_id=owner_id, run_id=target.new_run_id)
            spec = run_spec_of(connection, viewer_id=owner_id, run_id=target.new_run_id)
        assert fork.epochs_done == 2
        assert spec.origin == Origin(lease.run_id, "last", lease.run_no)

    def test_is_not_downloaded(
        self,
        database: Database,
        home: Home,
        again: tuple[UUID, Lease],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ):
        """Weights of the wrong run are worse than none; the right ones may be in the shared folder."""
        owner_id, lease = again
        monkeypatch.setenv("NNTRACKER_SHARED", str(shared := tmp_path / "shared"))
        copy = shared / "checkpoints" / str(lease.run_id) / "last.ckpt"
        wanted = {"viewer_id": owner_id, "run_id": lease.run_id, "name": "last", "form": Form.CHECKPOINT}
        taken = tmp_path / "taken.ckpt"

        with pytest.raises(NotFoundError):
            write_checkpoint(database, home, **wanted, target=taken)
        right = save(Home(tmp_path / "other"), lease.run_id, epochs_done=2, run_no=lease.run_no)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(right.read_bytes())
        write_checkpoint(database, home, **wanted, target=taken)

        assert taken.read_bytes() == right.read_bytes()


def with_location(spec: RunSpec, location: str) -> RunSpec:
    return replace(spec, checkpoints=CheckpointPolicy(location=location))


def swept(connection: Any) -> bool:
    return connection.execute("SELECT bool_and(files_removed_at IS NOT NULL) FROM deleted_runs").fetchone()[0]


class TestWaiting:
    def test_ends_as_soon_as_the_last_run_is_settled(self, database: Database, home: Home):
        """Nobody wants to press F5."""
        owner_id, lease = started_run(database)
        row = ask(database, home, owner_id, Verb.PAUSE, lease.run_id)
        trainer = threading.Timer(0.3, say, [database, lease, RunState.PAUSED])
        trainer.start()

        settled = await_command(database, actor_id=owner_id, command_id=row.command_id, timeout_s=60)

        trainer.join()
        assert settled.targets[0].outcome is Outcome.DONE

    def test_gives_what_there_is_at_the_timeout(self, database: Database, home: Home):
        """A slow batch is no error."""
        owner_id, lease = started_run(database)
        row = ask(database, home, owner_id, Verb.PAUSE, lease.run_id)

        for timeout_s in (0.0, 0.1):
            left = await_command(database, actor_id=owner_id, command_id=row.command_id, timeout_s=timeout_s)
            assert left == row

    def test_an_unknown_command_is_not_found(self, database: Database, home: Home):
        """Also one of somebody else."""
        owner_id, lease = started_run(database)
        row = ask(database, home, owner_id, Verb.PAUSE, lease.run_id)

        for who, command_id in [(owner_id, uuid4()), (uuid4(), row.command_id)]:
            with pytest.raises(NotFoundError):
                await_command(database, actor_id=who, command_id=command_id, timeout_s=60)


def test_a_run_paused_and_resumed_keeps_its_history(database: Database, home: Home):
    """Each step of a run's life can be told afterwards."""
    owner_id, lease = paused_run(database, home, epochs_done=1)
    ask(database, home, owner_id, Verb.RESUME, lease.run_id)

    with database.connection() as connection:
        history = state_changes(connection, viewer_id=owner_id, run_id=lease.run_id)

    assert list(zip(history["state"], history["by"], strict=True)) == [
        ("queued", "owner"),
        ("starting", "run-manager"),
        ("pausing", "ada"),
        ("paused", "trainer"),
        ("queued", "ada"),
    ]
