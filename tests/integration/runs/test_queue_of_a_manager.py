"""What a run manager takes from the database and when it looks there, without Ray."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from ray.tune.search import Searcher

from actors.queue_search import WARM_VARIABLE, QueueSearch, warm_s
from actors.trial import warm_up_config
from nntracker_ray.commands import Selection, Verb
from nntracker_ray.errors import BadInputError
from nntracker_ray.machines import Machine
from nntracker_ray.queue import RunQueue
from nntracker_ray.records import Lease, Resources, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import find_run, state_changes
from nntracker_ray.storage.writes import submit_command
from tests.integration.storage.examples_of_records import run_spec, specs, submit


def queue_of(database: Database, cpu: float = 2.0, gpu: float = 0.0) -> RunQueue:
    return RunQueue(database, manager_id=uuid4(), machines=lambda: [Machine.of("here", cpu, gpu)])


def test_only_what_fits_beside_the_runs_at_work_is_taken(database: Database):
    """Tune starts whatever it is handed, so nothing may be handed to it that must wait."""
    submit(database, specs(3, resources=Resources(cpu=1.5)))
    queue = queue_of(database, cpu=2.0)

    first, second = queue.claim(), queue.claim()

    assert first is not None
    assert second is None
    queue.release(first)
    assert queue.claim() is not None


def test_shares_of_a_gpu_add_up(database: Database):
    """Two runs of half a GPU fit on one; the third waits although cores are free."""
    submit(database, specs(3, resources=Resources(cpu=0.0, gpu=0.5)))
    queue = queue_of(database, cpu=8.0, gpu=1.0)

    claims = [queue.claim() for _ in range(3)]

    assert [claim is not None for claim in claims] == [True, True, False]


def test_an_empty_queue_is_not_asked_again_before_somebody_wakes_it(database: Database):
    """Tune asks ten times a second while anything trains; the database must not notice."""
    queue = queue_of(database)
    assert queue.claim() is None
    submit(database, specs(1))

    unwoken = queue.claim()
    queue.wake()

    assert unwoken is None
    assert queue.claim() is not None


def test_a_run_queued_while_the_queue_is_looked_at_is_not_missed(database: Database):
    """Its notification may come in the middle of the look: that look, or the next, finds it."""
    queue = queue_of(database)
    stop = threading.Event()

    def keep_waking() -> None:
        while not stop.is_set():
            queue.wake()

    waker = threading.Thread(target=keep_waking)
    waker.start()
    while queue.claim() is not None:
        pass
    submit(database, specs(1))
    stop.set()
    waker.join()
    queue.wake()

    assert queue.claim() is not None


def test_a_database_that_is_away_is_an_empty_queue(database: Database):
    """An outage must not end the loop in which other runs train on."""
    submit(database, specs(1))
    queue = queue_of(database)
    database.close()

    assert queue.claim() is None
    assert queue.at_work == ()


def test_closing_ends_the_wait_and_the_taking(database: Database):
    """A platform that stops takes nothing new, and does not sleep through it."""
    submit(database, specs(1))
    queue = queue_of(database)

    queue.close()
    queue.wait()

    assert queue.closed
    assert queue.claim() is None


def test_what_is_abandoned_is_queued_again_and_can_be_taken_again(database: Database):
    """A loop of Tune that broke has lost its trials: another attempt of each begins."""
    owner_id = submit(database, specs(2))
    queue = queue_of(database)
    first = queue.claim()
    assert first is not None

    queue.abandon("its run manager began anew")

    with database.connection() as connection:
        assert find_run(connection, viewer_id=owner_id, run_id=first.run_id).state is RunState.QUEUED
    queue.wake()
    again = queue.claim()
    assert again is not None
    assert (again.run_id, again.attempt) == (first.run_id, 2)


def test_a_lease_that_waits_for_its_worker_is_not_taken_for_dead(database: Database):
    """Starting a process and loading TensorFlow can take longer than a trainer may be silent."""
    submit(database, specs(2))
    queue = queue_of(database)
    waiting, begun = queue.claim(), queue.claim()
    assert waiting is not None
    assert begun is not None
    queue.worker_has(begun)
    make_silent(database)

    queue.beat_for_waiting()

    assert queue.requeue_silent(30.0) == [begun.run_id]


def make_silent(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("UPDATE runs SET heartbeat_at = heartbeat_at - interval '1 hour'")


@pytest.mark.parametrize("deaths", [1, 2])
def test_a_lost_worker_gives_its_run_back(database: Database, deaths: int):
    """The hardware goes to the next run, the run to the next worker."""
    submit(database, specs(1))
    queue = queue_of(database)

    for _ in range(deaths):
        lease = queue.claim()
        assert lease is not None
        queue.release(lease)
        state = queue.report_lost_worker(lease, "killed by signal 9")

    assert state is RunState.QUEUED
    queue.wake()
    again = queue.claim()
    assert again is not None
    assert again.attempt == deaths + 1


def test_a_run_goes_to_one_machine_and_waits_while_only_several_together_have_room(database: Database):
    """Three cores free in all are no room for a run of two, when no machine has two of them."""
    submit(database, specs(3, resources=Resources(cpu=1.0)))
    submit(database, specs(1, resources=Resources(cpu=2.0)))
    machines = [Machine.of("a", 2.0), Machine.of("b", 2.0), Machine.of("c", 1.0)]
    queue = RunQueue(database, manager_id=uuid4(), machines=lambda: machines)

    claims = [queue.claim() for _ in range(5)]

    assert [claim and claim.spec.resources.cpu for claim in claims] == [1.0, 1.0, 1.0, 2.0, None]


def test_a_run_larger_than_every_machine_says_so_once_and_keeps_nobody_waiting(database: Database):
    """People see why it waits, instead of wondering; when a machine is added, it runs."""
    owner_id = submit(database, [large := run_spec(resources=Resources(cpu=8.0, gpu=1.0))])
    submit(database, specs(1))
    machines = [Machine.of("a", 4.0), Machine.of("b", 4.0)]
    queue = RunQueue(database, manager_id=uuid4(), machines=lambda: machines)

    small = queue.claim()
    queue.note_too_large()
    queue.note_too_large()

    assert small is not None
    with database.connection() as connection:
        history = state_changes(connection, viewer_id=owner_id, run_id=large.run_id)
    why = "it waits for a machine with 8 cores and 1 GPUs; none that runs may use has as much"
    assert history["why"] == [f"submitted; {why}"]
    machines.append(Machine.of("new", 8.0, 1.0))
    queue.wake()
    claimed = queue.claim()
    assert claimed is not None
    assert claimed.run_id == large.run_id


def test_a_cluster_without_workers_says_why_nothing_starts(database: Database):
    """Its head has no cores; if no machine ever comes, people must see it."""
    owner_id = submit(database, [run := run_spec()])
    queue = queue_of(database, cpu=0.0)

    queue.note_too_large()

    with database.connection() as connection:
        history = state_changes(connection, viewer_id=owner_id, run_id=run.run_id)
    assert "it waits for a machine with 1 cores" in history["why"][0]


def test_hardware_given_back_is_kept_free_until_a_run_wants_it(database: Database):
    """A person who pauses a run wants the machine, not a worker in reserve on it."""
    queue = queue_of(database)
    search = QueueSearch(queue)
    submit(database, specs(1))
    assert isinstance(search.suggest("a"), dict)

    search.on_trial_complete("a", {"given_back": True})

    assert search.suggest("b") == Searcher.FINISHED
    assert queue.is_given_back
    submit(database, specs(1))
    queue.wake()
    lease = queue.await_run()
    assert lease is not None
    assert not queue.is_given_back
    assert isinstance(QueueSearch(queue, lease).suggest("c"), dict)


def test_after_a_natural_end_one_worker_stays_warm_but_not_for_ever(database: Database):
    """The next run begins at once; a machine that nobody uses is given back."""
    queue = queue_of(database)
    search = QueueSearch(queue, idle_s=0.2)

    warm_up = search.suggest("a")
    search.on_trial_complete("a", {"given_back": False})
    end = search.suggest("b")

    assert warm_up == warm_up_config()
    assert end == Searcher.FINISHED
    assert queue.is_given_back


@pytest.mark.parametrize("said", ["-1", "nan", "inf", "for ever"])
def test_how_long_a_worker_stays_warm_is_a_number_of_seconds(said: str, monkeypatch: pytest.MonkeyPatch):
    """The message says what came and what is allowed."""
    monkeypatch.setenv(WARM_VARIABLE, said)

    with pytest.raises(BadInputError, match=f"{WARM_VARIABLE} is '{said}'; allowed: seconds, from 0"):
        warm_s()


def test_a_worker_stays_warm_as_long_as_said(monkeypatch: pytest.MonkeyPatch):
    """Ten minutes where nothing is said."""
    monkeypatch.delenv(WARM_VARIABLE, raising=False)
    unsaid = warm_s()
    monkeypatch.setenv(WARM_VARIABLE, "0")

    assert (unsaid, warm_s()) == (600.0, 0.0)


def test_a_gpu_is_never_held_by_an_idle_worker(database: Database):
    """TensorFlow keeps the memory of a GPU as long as its process lives."""
    queue = queue_of(database, gpu=1.0)
    search = QueueSearch(queue)
    submit(database, specs(1, resources=Resources(cpu=1.0, gpu=1.0)))
    assert isinstance(search.suggest("a"), dict)

    search.on_trial_complete("a", {"given_back": False})

    assert search.suggest("b") == Searcher.FINISHED
    assert not queue.is_given_back  # the next loop keeps a worker without a GPU warm


def asked_of_a_run_at_work(database: Database, verb: Verb) -> tuple[RunQueue, Lease]:
    """A manager's queue, and the run that it has started when a person asks this of it."""
    owner_id = submit(database, specs(1))
    queue = queue_of(database)
    lease = queue.claim()
    assert lease is not None
    meant = Selection(run_ids=(lease.run_id,))
    with database.connection() as connection:
        submit_command(connection, actor_id=owner_id, by="tester", verb=verb, selection=meant)
    return queue, lease


def test_a_run_that_was_to_pause_is_paused_when_its_worker_dies(database: Database):
    """What a person asked for has happened: nobody trains it, and its last checkpoint is where it stands."""
    queue, lease = asked_of_a_run_at_work(database, Verb.PAUSE)

    state = queue.report_lost_worker(lease, "killed by signal 9")

    assert state is RunState.PAUSED
    assert queue.is_given_back


@pytest.mark.parametrize("end", ["its worker died", "it fell silent", "its manager began anew"])
def test_a_run_that_was_to_stop_is_known_until_its_last_capture_is_taken(database: Database, end: str):
    """Whatever became of its trainer: what the checkpoint holds is what a stop leaves behind."""
    queue, lease = asked_of_a_run_at_work(database, Verb.STOP)

    match end:
        case "its worker died":
            queue.report_lost_worker(lease, "killed by signal 9")
        case "it fell silent":
            make_silent(database)
            queue.requeue_silent(30.0)
        case _:
            queue.abandon(end)

    assert queue.take_stopped_alone() == [lease.run_id]
    assert queue.take_stopped_alone() == []


def test_one_death_for_its_memory_is_enough(database: Database):
    """It would take as much again, and the next one killed for it may be somebody else's run."""
    submit(database, specs(1))
    queue = queue_of(database)
    lease = queue.claim()
    assert lease is not None

    assert queue.report_lost_worker(lease, "not enough memory", allowed=1) is RunState.FAILED
