"""A full disk costs a run time and nothing else: it pauses with the reason, and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.commands import Selection, Verb
from nntracker_ray.control import await_command, command
from nntracker_ray.home import Home
from nntracker_ray.records import RunSpec, RunState
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from tests.integration.runs.run_kit import Lab, actors_of, new_lab
from tests.ray_cluster import local_ray
from tests.small_disk import needs_root, small_disk

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    needs_root,
]
SIZE = 16 * 2**20  # bytes of the small disk
LONG = 100_000


@pytest.fixture(scope="module")
def lab(
    module_database: Database, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A platform whose checkpoints and spools lie on small disks."""
    home = Home(tmp_path_factory.mktemp("lab"))
    made = new_lab(home, module_database, rows=1500, units=1000)
    with (
        small_disk(home.checkpoints, SIZE),
        small_disk(home.spool, SIZE),
        local_ray(cpus=2),
        actors_of(home, module_database_url),
    ):
        yield made


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def reasons(lab: Lab, spec: RunSpec) -> list[str]:
    with lab.database.connection() as connection:
        return list(queries.state_changes(connection, viewer_id=lab.owner_id, run_id=spec.run_id)["why"])


@pytest.mark.parametrize("place", ["checkpoints", "spool"])
def test_a_run_on_a_full_disk_pauses_and_goes_on_when_there_is_room(lab: Lab, place: str):
    """Nobody has to notice at night; the last good checkpoint stays whole."""
    (spec,) = lab.specs(1, total_epochs=LONG)
    lab.submit([spec])
    lab.await_epochs(spec, 5)

    ballast = fill(getattr(lab.home, place))
    held = lab.await_state(spec, RunState.PAUSED)
    ballast.unlink()
    lab.await_epochs(spec, held.epochs_done + 5)

    said = reasons(lab, spec)
    assert any("the disk is full" in why for why in said)
    assert any("there is room on the disk again" in why for why in said)
    assert lab.epochs_of(spec, "loss") == list(range(len(lab.epochs_of(spec, "loss"))))
    stop(lab, spec)


def test_a_run_that_finds_no_room_for_its_end_makes_the_end_again(lab: Lab):
    """It would else be finished, and its last checkpoint one of long before."""
    epochs = 100
    (spec,) = lab.specs(1, total_epochs=epochs, checkpoint_period=LONG)
    lab.submit([spec])
    lab.await_epochs(spec, 3)
    say(lab, Verb.PAUSE, spec)

    ballast = fill(lab.home.checkpoints)
    say(lab, Verb.RESUME, spec)
    held = lab.await_state(spec, RunState.PAUSED, RunState.FINISHED)
    assert (held.state, held.epochs_done) == (RunState.PAUSED, epochs)
    ballast.unlink()
    lab.await_state(spec, RunState.FINISHED)

    assert any("there is room on the disk again" in why for why in reasons(lab, spec))
    info = CheckpointFolder(lab.home, spec.run_id).info("last")
    assert (info.epochs_done, info.batches_done) == (epochs, 0)
    assert lab.epochs_of(spec, "loss") == list(range(epochs))


def test_a_person_resumes_a_held_run_without_waiting(lab: Lab):
    """Who has made room elsewhere knows better; without room it is held again."""
    (spec,) = lab.specs(1, total_epochs=LONG)
    lab.submit([spec])
    lab.await_epochs(spec, 3)
    ballast = fill(lab.home.checkpoints)
    lab.await_state(spec, RunState.PAUSED)
    attempt = lab.row(spec).attempt

    say(lab, Verb.RESUME, spec)
    lab.await_state(spec, RunState.STARTING, RunState.RUNNING)
    assert lab.row(spec).attempt == attempt + 1
    lab.await_state(spec, RunState.PAUSED)

    ballast.unlink()
    stop(lab, spec)


def say(lab: Lab, verb: Verb, spec: RunSpec) -> None:
    meant = Selection(run_ids=(spec.run_id,))
    row = command(lab.database, lab.home, actor_id=lab.owner_id, by="tester", verb=verb, selection=meant)
    await_command(lab.database, actor_id=lab.owner_id, command_id=row.command_id, timeout_s=60.0)


def stop(lab: Lab, spec: RunSpec) -> None:
    say(lab, Verb.STOP, spec)
    assert lab.row(spec).state is RunState.STOPPED
