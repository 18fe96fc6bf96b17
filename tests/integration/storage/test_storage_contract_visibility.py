"""Who sees what, and who acts on what: as every backend must keep it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from nntracker_ray.accounts.roles import Role
from nntracker_ray.commands import Outcome, Selection, Verb
from nntracker_ray.errors import NotFoundError, StorageError
from nntracker_ray.records import RunSpec
from nntracker_ray.storage import account_writes, queries, sharing_writes
from nntracker_ray.storage.command_queries import selected_run_nos
from nntracker_ray.storage.command_writes import submit_command
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.viewing import as_viewer
from tests.integration.storage.examples_of_records import NOON, specs, submit


@dataclass(frozen=True)
class People:
    """Ada owns an experiment; the others look at it."""

    ada: UUID
    bob: UUID
    root: UUID
    run: RunSpec


@pytest.fixture
def people(database: Database) -> People:
    with database.connection() as conn:
        ada, bob, root = (
            account_writes.add_account(conn, name=name, role=role, password_hash=None)
            for name, role in (("ada", Role.USER), ("bob", Role.USER), ("root", Role.ADMINISTRATOR))
        )
    (run,) = specs(1, tags=("nightly",))
    submit(database, [run], owner_id=ada)
    return People(ada, bob, root, run)


def sees(database: Database, viewer_id: UUID, run: RunSpec) -> bool:
    """Whether every question gives the run, or every question denies it."""
    with database.connection() as conn:
        listed = [row.run_id for row in queries.list_runs(conn, viewer_id=viewer_id)] == [run.run_id]
        counted = queries.count_runs(conn, viewer_id=viewer_id) == 1
        experiments = queries.list_experiments(conn, viewer_id=viewer_id)
        asked = {"viewer_id": viewer_id, "run_id": run.run_id}
        answers = [listed, counted, len(experiments) == 1]
        for question in (queries.find_run, queries.run_spec, queries.run_facts, queries.state_changes):
            try:
                question(conn, **asked)
                answers.append(True)
            except NotFoundError:
                answers.append(False)
    assert len(set(answers)) == 1, answers
    return answers[0]


def pause(database: Database, actor_id: UUID, **selection) -> Outcome:
    with database.connection() as conn:
        row = submit_command(
            conn, actor_id=actor_id, by="test", verb=Verb.PAUSE, selection=Selection(**selection)
        )
    return row.targets[0].outcome


def share(database: Database, people: People, *, may_act: bool) -> None:
    with database.connection() as conn:
        sharing_writes.share_with(
            conn,
            actor_id=people.ada,
            experiment_id=people.run.experiment_id,
            user_id=people.bob,
            may_act=may_act,
            by="ada",
        )


def test_an_experiment_is_its_owners_and_the_administrators(database: Database, people: People):
    """Data of one user is not shown to another."""
    assert sees(database, people.ada, people.run)
    assert sees(database, people.root, people.run)
    assert not sees(database, people.bob, people.run)
    assert not sees(database, uuid4(), people.run)


def test_what_is_shared_is_seen_and_not_touched(database: Database, people: People):
    """A colleague looks; the training stays its owner's."""
    share(database, people, may_act=False)

    assert sees(database, people.bob, people.run)
    with pytest.raises(NotFoundError):
        pause(database, people.bob, run_ids=(people.run.run_id,))


def test_who_may_act_acts_until_it_is_taken_back(database: Database, people: People):
    """Two people look after one experiment for a week."""
    share(database, people, may_act=True)

    assert pause(database, people.bob, run_ids=(people.run.run_id,)) is Outcome.DONE
    with database.connection() as conn:
        sharing_writes.unshare(
            conn, actor_id=people.ada, experiment_id=people.run.experiment_id, user_id=people.bob
        )

    assert not sees(database, people.bob, people.run)
    with pytest.raises(NotFoundError):
        pause(database, people.bob, experiment_id=people.run.experiment_id)


def test_only_the_owner_and_administrators_share(database: Database, people: People):
    """Whoever was let in does not hold the door for others."""
    share(database, people, may_act=True)

    with database.connection() as conn, pytest.raises(NotFoundError):
        sharing_writes.list_shares(conn, actor_id=people.bob, experiment_id=people.run.experiment_id)
    with database.connection() as conn:
        (row,) = sharing_writes.list_shares(
            conn, actor_id=people.root, experiment_id=people.run.experiment_id
        )
    assert (row.name, row.may_act, row.by) == ("bob", True, "ada")


def test_an_administrator_reaches_everybodys_by_name_and_not_by_a_word(database: Database, people: People):
    """ "Stop everything tagged nightly" means one's own; a run that is named is meant."""
    with pytest.raises(NotFoundError):
        pause(database, people.root, tag="nightly")

    assert pause(database, people.root, run_ids=(people.run.run_id,)) is Outcome.DONE


def test_a_link_shows_one_experiment_until_it_ends(database: Database, people: People):
    """Sent to a reviewer: this experiment, for a week, and nothing can be changed."""
    others = specs(1)
    submit(database, others, owner_id=people.ada)
    with database.connection() as conn:
        link_id = sharing_writes.add_share_link(
            conn,
            actor_id=people.ada,
            experiment_id=people.run.experiment_id,
            token_hash=b"link",
            by="ada",
            # The database's own clock decides, so that a link ends in every query at once.
            expires_at=conn.execute("SELECT now() + interval '1 day'").fetchone()[0],
        )

    assert sees(database, link_id, people.run)
    with database.connection() as conn:
        asked = Selection(run_ids=(people.run.run_id,))
        assert selected_run_nos(conn, actor_id=link_id, selection=asked) == []
        opened = sharing_writes.opened_link(conn, token_hash=b"link", now=NOON - timedelta(days=3650))
        assert opened is not None
        assert opened.link_id == link_id
        sharing_writes.revoke_share_link(
            conn, actor_id=people.ada, experiment_id=people.run.experiment_id, link_id=link_id
        )
        assert sharing_writes.opened_link(conn, token_hash=b"link", now=NOON) is None
    assert not sees(database, link_id, people.run)


class TestSecondLock:
    """What a query of the web app gets that has forgotten to ask who looks."""

    def counts(self, database_url: str, viewer_id: UUID | None) -> tuple[int, int]:
        locked = Database(database_url, locked=True)
        try:
            with as_viewer(viewer_id), locked.connection() as conn:
                row = conn.execute("SELECT (SELECT count(*) FROM experiments), (SELECT count(*) FROM runs)")
                return row.fetchone()
        finally:
            locked.close()

    def test_a_forgetful_query_shows_nothing_of_others(
        self, database: Database, database_url: str, people: People
    ):
        """One slip in one of a hundred queries must not show a stranger's work."""
        assert self.counts(database_url, people.ada) == (1, 1)
        assert self.counts(database_url, people.root) == (1, 1)
        assert self.counts(database_url, people.bob) == (0, 0)
        assert self.counts(database_url, None) == (0, 0)

    def test_a_forgetful_change_changes_nothing_of_others(
        self, database: Database, database_url: str, people: People
    ):
        """Not even what is shared to be seen."""
        share(database, people, may_act=False)
        locked = Database(database_url, locked=True)

        with as_viewer(people.bob), locked.connection() as conn:
            changed = conn.execute("UPDATE runs SET name = 'mine'").rowcount
            removed = conn.execute("DELETE FROM experiments").rowcount
        locked.close()

        assert (changed, removed) == (0, 0)

    def test_nobody_submits_for_somebody_else(self, database: Database, database_url: str, people: People):
        """An owner that came from a request would be a way to spend another's quota."""
        locked = Database(database_url, locked=True)

        with pytest.raises(StorageError), as_viewer(people.bob), locked.connection() as conn:
            conn.execute(
                "INSERT INTO experiments (experiment_id, owner_id, name, config) VALUES (%s, %s, 'x', '{}')",
                [uuid4(), people.ada],
            )
        locked.close()
