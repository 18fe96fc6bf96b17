"""Files of deleted runs: nobody waits for the places of others, and a run that came back keeps what it has saved."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from nntracker_ray import sweeping
from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.commands import Selection, Verb
from nntracker_ray.control import command
from nntracker_ray.errors import ConflictError, RemoteError
from nntracker_ray.home import Home
from nntracker_ray.records import CheckpointPolicy, RunSpec
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import leftovers
from nntracker_ray.sweeping import remove_files_of_deleted
from tests.integration.storage.examples_of_records import run_spec, specs, submit

FAR = "s3://far-away/runs"
A_LONG_TIME_S = 60.0


@dataclass
class FarAway:
    """A remote place that takes its time and then does not answer."""

    asked_for: list[str] = field(default_factory=list)
    refuses: Callable[[str], bool] = lambda _: True

    def delete_folder(self, folder: str) -> None:
        self.asked_for.append(folder)
        if self.refuses(folder):
            time.sleep(0.05)
            raise RemoteError(f"cannot remove {FAR}/{folder}: timeout")


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> FarAway:
    """What is asked of `FAR`; all other places are as they are."""
    place, really = FarAway(), RemoteFolder.delete_folder

    def delete_folder(self: RemoteFolder, folder: str) -> None:
        place.delete_folder(folder) if self.uri == FAR else really(self, folder)

    monkeypatch.setattr(RemoteFolder, "delete_folder", delete_folder)
    return place


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A data folder of its own."""
    return Home(tmp_path)


def save(home: Home, spec: RunSpec) -> Path:
    path = CheckpointFolder(home, spec.run_id).path("last")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"checkpoint")
    return path


def delete(database: Database, home: Home, owner_id: UUID, *runs: RunSpec) -> None:
    chosen = Selection(run_ids=tuple(spec.run_id for spec in runs))
    command(database, home, actor_id=owner_id, by="ada", verb=Verb.DELETE, selection=chosen)


def deleted_without_sweep(
    database: Database, home: Home, monkeypatch: pytest.MonkeyPatch, *runs: RunSpec
) -> None:
    """Runs that somebody deleted who has only the address of the database."""
    owner_id = submit(database, list(runs))
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("NNTRACKER_DATABASE_URL", database.dsn)
        delete(database, home, owner_id, *runs)


def open_tombstones(database: Database) -> list[UUID]:
    with database.connection() as connection:
        return [left.run_id for left in leftovers(connection)]


def far_specs(count: int) -> list[RunSpec]:
    return [replace(spec, checkpoints=CheckpointPolicy(location=FAR)) for spec in specs(count)]


class TestAPlaceThatDoesNotAnswer:
    @pytest.fixture
    def stuck(
        self, database: Database, home: Home, far: FarAway, monkeypatch: pytest.MonkeyPatch
    ) -> list[RunSpec]:
        """Five runs that were deleted long ago, and whose copies are there."""
        deleted_without_sweep(database, home, monkeypatch, *(runs := far_specs(5)))
        return runs

    def test_is_not_waited_for_by_who_deletes_other_runs(
        self, database: Database, home: Home, far: FarAway, stuck: list[RunSpec]
    ):
        """Three hundred timeouts of somebody else are an hour."""
        owner_id = submit(database, [spec := run_spec()])
        path = save(home, spec)

        delete(database, home, owner_id, spec)

        assert (far.asked_for, path.exists()) == ([], False)

    def test_costs_who_deletes_runs_there_one_timeout(self, database: Database, home: Home, far: FarAway):
        """The rest is left to the run manager; what lies on this machine goes at once."""
        owner_id = submit(database, runs := far_specs(5))
        paths = [save(home, spec) for spec in runs]

        delete(database, home, owner_id, *runs)

        assert len(far.asked_for) == 1
        assert not any(path.parent.exists() for path in paths)
        assert len(open_tombstones(database)) == 5

    def test_costs_a_round_one_timeout(
        self, database: Database, home: Home, far: FarAway, stuck: list[RunSpec]
    ):
        """The same thread takes care of held runs, spools of the dead and last captures."""
        paths = [save(home, spec) for spec in stuck]

        assert remove_files_of_deleted(database, home) == 0

        assert len(far.asked_for) == 1
        assert not any(path.parent.exists() for path in paths)

    def test_does_not_hinder_other_places(
        self,
        database: Database,
        home: Home,
        far: FarAway,
        stuck: list[RunSpec],
        monkeypatch: pytest.MonkeyPatch,
    ):
        """The oldest deletion comes first, and must not be in the way of the next."""
        deleted_without_sweep(database, home, monkeypatch, spec := run_spec())
        path = save(home, spec)

        assert remove_files_of_deleted(database, home) == 1

        assert not path.exists()
        assert open_tombstones(database) == [spec.run_id for spec in stuck]


@dataclass
class Rounds:
    """A sweeper that is kept between its rounds, the time that it goes by, and the place that does not answer."""

    sweeper: sweeping.Sweeper
    clock: list[float]  # seconds, in its only place
    far: FarAway
    deleted: Callable[..., None]  # runs that somebody deletes elsewhere

    def pass_time(self, seconds: float) -> None:
        self.clock[0] += seconds


class TestRounds:
    @pytest.fixture
    def rounds(self, database: Database, home: Home, far: FarAway, monkeypatch: pytest.MonkeyPatch) -> Rounds:
        clock = [0.0]
        sweeper = sweeping.Sweeper(database, home, clock=lambda: clock[0])
        return Rounds(sweeper, clock, far, partial(deleted_without_sweep, database, home, monkeypatch))

    def test_leave_a_place_alone_for_a_while(self, rounds: Rounds, caplog: pytest.LogCaptureFixture):
        """A bucket that is gone for good must cost next to nothing, in time and in lines of the log."""
        rounds.deleted(*far_specs(5))
        caplog.set_level(logging.WARNING, sweeping.__name__)

        for _ in range(3):
            rounds.sweeper.sweep()
            assert len(rounds.far.asked_for) == 1
        rounds.pass_time(sweeping.SHORTEST_WAIT_S)
        rounds.sweeper.sweep()

        assert len(rounds.far.asked_for) == 2
        assert [record.name for record in caplog.records] == [sweeping.__name__]

    def test_wait_the_longer_the_more_time_a_place_has_taken(self, rounds: Rounds):
        """A timeout of half a minute every few seconds would leave no time for anything else."""
        rounds.deleted(*far_specs(2))

        def take_half_a_minute(_: str) -> bool:
            rounds.pass_time(30.0)
            return True

        rounds.far.refuses = take_half_a_minute
        rounds.sweeper.sweep()
        rounds.pass_time(10 * sweeping.SHORTEST_WAIT_S)
        rounds.sweeper.sweep()

        assert len(rounds.far.asked_for) == 1

    def test_one_folder_that_stays_is_not_in_the_way_of_the_others(self, rounds: Rounds, database: Database):
        """The oldest of the runs there may be one whose files somebody else owns."""
        rounds.deleted(*(runs := far_specs(4)))
        rounds.far.refuses = lambda folder: str(runs[0].run_id) in folder
        rounds.sweeper.sweep()

        rounds.pass_time(sweeping.SHORTEST_WAIT_S)

        assert rounds.sweeper.sweep() == 3
        assert open_tombstones(database) == [runs[0].run_id]


class TestTwoSweepersOfOneRun:
    """The caller of a command and the run manager do the same work at the same time."""

    def test_the_slower_one_leaves_a_newborn_run_alone(
        self, database: Database, home: Home, monkeypatch: pytest.MonkeyPatch
    ):
        """It has the old one's id, and its checkpoints lie where those of the old one lay."""
        deleted_without_sweep(database, home, monkeypatch, spec := run_spec())
        listed, go_on, really = threading.Event(), threading.Event(), sweeping.leftovers

        def held(*given: object) -> object:
            found = really(*given)
            if threading.current_thread() is not threading.main_thread():
                listed.set()
                assert go_on.wait(A_LONG_TIME_S)
            return found

        monkeypatch.setattr(sweeping, "leftovers", held)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(remove_files_of_deleted, database, home)
            assert listed.wait(A_LONG_TIME_S)
            assert remove_files_of_deleted(database, home) == 1
            submit(database, [spec])
            path = save(home, spec)
            go_on.set()
            assert slow.result(A_LONG_TIME_S) == 0

        assert path.exists()

    def test_a_run_does_not_come_back_while_one_is_at_it(
        self, database: Database, home: Home, far: FarAway, monkeypatch: pytest.MonkeyPatch
    ):
        """The other one must neither wait nor say that everything is gone."""
        deleted_without_sweep(database, home, monkeypatch, *(runs := far_specs(1)))
        removing, go_on = threading.Event(), threading.Event()

        def take_long(_: str) -> bool:
            removing.set()
            assert go_on.wait(A_LONG_TIME_S)
            return False

        far.refuses = take_long
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(remove_files_of_deleted, database, home)
            assert removing.wait(A_LONG_TIME_S)
            assert remove_files_of_deleted(database, home) == 0
            with pytest.raises(ConflictError, match="still being removed"):
                submit(database, runs)
            go_on.set()
            assert slow.result(A_LONG_TIME_S) == 1

        assert len(far.asked_for) == 1
        submit(database, runs)
