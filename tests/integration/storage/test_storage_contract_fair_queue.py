"""Which run is next, among users who share the hardware, as every backend must decide it."""

from __future__ import annotations

from collections import Counter
from uuid import UUID, uuid4

import pytest

from nntracker_ray.commands import Outcome, Selection, Verb
from nntracker_ray.errors import BadInputError, ConflictError, NotFoundError
from nntracker_ray.records import Lease, Resources, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.queries import count_runs
from nntracker_ray.storage.share_queries import list_shares
from nntracker_ray.storage.share_writes import Share, set_share
from nntracker_ray.storage.writes import change_state, claim_next_run, submit_command
from tests.integration.storage.examples_of_records import claim, run_spec, specs, submit


def user(database: Database, name: str, **share) -> UUID:
    with database.connection() as connection:
        row = connection.execute("INSERT INTO users (name) VALUES (%s) RETURNING user_id", [name]).fetchone()
        set_share(connection, name=name, share=Share(**share))
    assert row is not None
    return row[0]


def finish(database: Database, lease: Lease, state: RunState = RunState.FINISHED) -> None:
    with database.connection() as connection:
        change_state(connection, run_id=lease.run_id, state=state, by="trainer", attempt=lease.attempt)


def prioritise(database: Database, run_id: UUID, priority: int) -> None:
    with database.connection() as connection:
        connection.execute("UPDATE runs SET priority = %s WHERE run_id = %s", [priority, run_id])


def owner_of(owners: dict[UUID, str], lease: Lease | None) -> str:
    assert lease is not None
    return owners[lease.spec.experiment_id]


class TestUsers:
    def test_share_the_hardware_by_weight(self, database: Database):
        """1 : 2 : 3 on one core, whoever came first with however many."""
        owners = {}
        for name, weight in (("ann", 1), ("ben", 2), ("cat", 3)):
            runs = specs(12)
            submit(database, runs, owner_id=user(database, name, weight=weight))
            owners[runs[0].experiment_id] = name

        had: Counter[str] = Counter()
        for _ in range(12):
            lease = claim(database, free_cpu=1.0)
            had[owner_of(owners, lease)] += 1
            assert lease is not None
            finish(database, lease)

        assert had == {"ann": 2, "ben": 4, "cat": 6}

    def test_who_comes_later_does_not_wait_behind_a_long_queue(self, database: Database):
        """One person's thousand runs are no wall."""
        submit(database, specs(30), owner_id=user(database, "ann"))
        for _ in range(10):
            lease = claim(database, free_cpu=1.0)
            assert lease is not None
            finish(database, lease)
        late = specs(30)
        submit(database, late, owner_id=user(database, "ben"))

        claims = [claim(database, free_cpu=4.0) for _ in range(4)]

        of_ben = [lease for lease in claims if lease and lease.spec.experiment_id == late[0].experiment_id]
        assert len(of_ben) == 2

    def test_have_no_more_at_work_than_they_may(self, database: Database):
        """The limit of a user holds over all of the user's experiments."""
        ann = user(database, "ann", max_running=2)
        submit(database, specs(2), owner_id=ann)
        submit(database, specs(2), owner_id=ann)

        claims = [claim(database) for _ in range(3)]

        assert [lease is not None for lease in claims] == [True, True, False]
        finish(database, claims[0])
        assert claim(database) is not None

    def test_see_what_they_have(self, database: Database):
        """A fair queue that nobody can look into is not believed."""
        submit(database, specs(3, resources=Resources(cpu=2.0)), owner_id=user(database, "ann", weight=2.0))
        claim(database)

        with database.connection() as connection:
            shares = {one.name: one for one in list_shares(connection)}

        ann = shares["ann"]
        assert (ann.share.weight, ann.running, ann.cpu, ann.queued) == (2.0, 1, 2.0, 2)

    @pytest.mark.parametrize("share", [Share(weight=0.0), Share(weight=float("nan")), Share(max_running=-1)])
    def test_are_given_no_impossible_share(self, database: Database, share: Share):
        """A weight of nothing would divide by it."""
        user(database, "ann")

        with database.connection() as connection, pytest.raises(BadInputError):
            set_share(connection, name="ann", share=share)

    def test_that_do_not_exist_are_named(self, database: Database):
        """A spelling mistake must not pass for success."""
        with database.connection() as connection, pytest.raises(NotFoundError, match="'anne'"):
            set_share(connection, name="anne", share=Share())


class TestOfOneUser:
    def test_runs_that_were_begun_go_before_new_ones(self, database: Database):
        """What is half done holds a checkpoint and somebody's attention."""
        runs = specs(2)
        submit(database, runs)
        first, second = claim(database), claim(database)
        assert first is not None
        assert second is not None
        submit(database, specs(1, priority=1000))
        finish(database, second, RunState.QUEUED)

        lease = claim(database)

        assert lease is not None
        assert (lease.run_id, lease.attempt) == (second.run_id, 2)

    def test_a_higher_priority_goes_first(self, database: Database):
        """Within the user's own runs, and over the age of the experiments."""
        runs, urgent = specs(3), specs(1, priority=5)
        submit(database, runs)
        submit(database, urgent)
        prioritise(database, runs[2].run_id, 3)

        claimed = [claim(database) for _ in range(4)]

        expected = [urgent[0], runs[2], runs[0], runs[1]]
        assert [lease and lease.run_id for lease in claimed] == [spec.run_id for spec in expected]

    def test_a_priority_takes_nothing_from_others(self, database: Database):
        """Otherwise everybody's runs would soon have the highest."""
        ann, ben = user(database, "ann"), user(database, "ben")
        submit(database, specs(4, priority=1000), owner_id=ann)
        modest = specs(4)
        submit(database, modest, owner_id=ben)

        claims = [claim(database, free_cpu=4.0) for _ in range(4)]

        of_ben = [lease for lease in claims if lease and lease.spec.experiment_id == modest[0].experiment_id]
        assert len(of_ben) == 2

    def test_full_experiments_are_stepped_over(self, database: Database):
        """Two full ones at the front, runs of another size among them: the third goes on."""
        for _ in range(2):
            full = specs(3)
            submit(database, full, config={"max_concurrent": 1})
        large = run_spec(experiment_id=full[0].experiment_id, position=9, resources=Resources(cpu=2.0))
        submit(database, [large], config={"max_concurrent": 1})
        third = specs(1)
        submit(database, third)

        claims = [claim(database) for _ in range(4)]

        assert claims[2] is not None
        assert claims[2].run_id == third[0].run_id
        assert claims[3] is None

    def test_a_run_that_somebody_is_just_changing_is_not_waited_for(self, database: Database):
        """The hardware goes to the run behind it, and the manager never hangs on a person."""
        runs = specs(2)
        submit(database, runs)

        with database.connection() as person:
            person.execute("SELECT 1 FROM runs WHERE run_id = %s FOR UPDATE", [runs[0].run_id])
            lease, none = claim(database), claim(database)

        assert lease is not None
        assert lease.run_id == runs[1].run_id
        assert none is None


class TestTheLimitOfTheQueue:
    def test_refuses_what_is_too_much_and_says_how_much_there_is(self, database: Database):
        """Nothing of the experiment is queued: half a grid is of no use."""
        ann = user(database, "ann", max_queued=3)
        submit(database, specs(2), owner_id=ann)

        with pytest.raises(ConflictError, match="2 more runs cannot be queued: 2 wait already, and 3 may"):
            submit(database, specs(2), owner_id=ann)

        with database.connection() as connection:
            assert count_runs(connection, viewer_id=ann) == 2

    def test_lets_the_same_experiment_be_submitted_again(self, database: Database):
        """It adds nothing, even where the limit was lowered in the meantime."""
        ann, runs = user(database, "ann", max_queued=3), specs(3)
        submit(database, runs, owner_id=ann)
        with database.connection() as connection:
            set_share(connection, name="ann", share=Share(max_queued=1))

        submit(database, runs, owner_id=ann)

        with pytest.raises(ConflictError):
            submit(database, specs(1), owner_id=ann)

    def test_holds_for_runs_that_are_resumed(self, database: Database):
        """A command that would queue too many changes nothing, not even its idempotency key is taken."""
        ann, runs = user(database, "ann"), specs(3)
        submit(database, runs, owner_id=ann)
        all_of_it = {
            "actor_id": ann,
            "by": "ann",
            "selection": Selection(experiment_id=runs[0].experiment_id),
        }
        with database.connection() as connection:
            submit_command(connection, verb=Verb.PAUSE, **all_of_it)
            set_share(connection, name="ann", share=Share(max_queued=2))

        with pytest.raises(ConflictError, match="3 more runs"), database.connection() as connection:
            submit_command(connection, verb=Verb.RESUME, key="again", **all_of_it)

        with database.connection() as connection:
            set_share(connection, name="ann", share=Share(max_queued=3))
            row = submit_command(connection, verb=Verb.RESUME, key="again", **all_of_it)
        assert [target.outcome for target in row.targets] == [Outcome.DONE] * 3

    def test_counts_only_what_waits(self, database: Database):
        """Runs at work and runs that have ended make room."""
        ann = user(database, "ann", max_queued=1)
        submit(database, specs(1), owner_id=ann)
        claim(database)

        submit(database, specs(1), owner_id=ann)

        with database.connection() as connection:
            assert count_runs(connection, viewer_id=ann) == 2

    def test_refuses_no_command_that_itself_queues_nothing(self, database: Database):
        """A run whose trainer is gone waits already, whoever is the first to write that down."""
        ann = user(database, "ann", max_queued=1)
        silent, waiting = specs(1), specs(1)
        submit(database, silent, owner_id=ann)
        claim(database)
        submit(database, waiting, owner_id=ann)
        meant = {"actor_id": ann, "by": "ann", "selection": Selection(run_ids=(silent[0].run_id,))}
        with database.connection() as connection:
            connection.execute("UPDATE runs SET heartbeat_at = heartbeat_at - interval '61 s'")

        with database.connection() as connection:
            first = {"verb": Verb.PRIORITISE, "arguments": {"priority": 3}}
            assert submit_command(connection, **meant, **first).targets[0].outcome is Outcome.DONE

        with database.connection() as connection, pytest.raises(ConflictError, match="1 more run cannot"):
            submit_command(connection, verb=Verb.RERUN, **meant)


def test_each_start_is_charged_to_its_owner(database: Database):
    """The clock is in the database: another manager goes on where this one ended."""
    submit(database, specs(2), owner_id=user(database, "ann", weight=2.0))

    claim(database, free_cpu=4.0)
    claim(database, free_cpu=4.0)

    with database.connection() as connection:
        row = connection.execute(
            "SELECT virtual_start, virtual_time FROM users WHERE name = 'ann'"
        ).fetchone()
    assert row == (pytest.approx(0.125), pytest.approx(0.25))


def test_a_claim_that_is_rolled_back_charges_nobody(database: Database):
    """What was not started costs nothing."""
    submit(database, specs(1), owner_id=user(database, "ann"))
    with database.connection() as connection:
        assert claim_next_run(connection, manager_id=uuid4(), free_cpu=1.0, free_gpu=0.0) is not None
        connection.rollback()

    with database.connection() as connection:
        row = connection.execute("SELECT virtual_time FROM users WHERE name = 'ann'").fetchone()
    assert row == (0.0,)
