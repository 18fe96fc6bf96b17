"""Accounts over REST: registering, signing in, one's own account, and what administrators do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import httpx
import pytest

from apps.api.sign_in import Sessions, Visit
from nntracker_ray.accounts import administration
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import run_specs, submit, web_server

PASSWORD = "violet tractor under seven clouds"
OTHER = "eleven quiet kettles on a roof"


@pytest.fixture(scope="module")
def database(module_database: Database) -> Database:
    return module_database


@pytest.fixture(scope="module")
def address(tmp_path_factory, database: Database) -> Iterator[str]:
    with web_server(tmp_path_factory.mktemp("home"), database.dsn) as address:
        yield address


@cache
def password_hash_of_all() -> str:
    """Worked out once: it takes a fifth of a second."""
    return hash_password(PASSWORD)


@dataclass(frozen=True)
class Platform:
    """A running one, with a clean slate of accounts."""

    address: str
    database: Database
    root: Actor

    def client(self) -> httpx.Client:
        """A browser that has not signed in."""
        return httpx.Client(base_url=self.address, headers={"origin": self.address})

    def signed_in(self, name: str, password: str = PASSWORD) -> httpx.Client:
        client = self.client()
        answer = client.post("/session", json={"name": name, "password": password})
        assert answer.status_code == 204, answer.text
        return client

    def add(self, name: str, role: Role = Role.USER) -> str:
        with self.database.connection() as conn:
            return str(
                account_writes.add_account(conn, name=name, role=role, password_hash=password_hash_of_all())
            )


@pytest.fixture
def platform(address: str, database: Database) -> Platform:
    with database.connection() as conn:
        conn.execute("DELETE FROM users WHERE NOT is_local")
        conn.execute("DELETE FROM attempts")
        conn.execute("DELETE FROM settings")
        root_id = account_writes.add_account(
            conn, name="root", role=Role.ADMINISTRATOR, password_hash=password_hash_of_all()
        )
    return Platform(address, database, Actor(root_id, "root", Role.ADMINISTRATOR))


class TestRegistering:
    def test_at_first_by_invitation_alone(self, platform: Platform):
        """A platform that somebody has just put on a network must not take in whoever passes."""
        stranger = platform.client()

        refused = stranger.post("/registration", json={"name": "eve", "password": PASSWORD})

        assert stranger.get("/registration").json() == {"registration": "invitation"}
        assert refused.status_code == 404
        assert "invitation" in refused.json()["detail"]

    def test_whoever_is_invited_gets_the_role_and_is_signed_in(self, platform: Platform):
        """One link, one account."""
        root = platform.signed_in("root")
        link = root.post("/api/invitations", json={"role": "viewer"}).json()["link"]
        form = {"name": "ada", "password": PASSWORD, "invitation": link.partition("#")[2]}
        ada = platform.client()

        assert ada.post("/registration", json=form).status_code == 201
        me = ada.get("/api/me").json()
        second = platform.client().post("/registration", json={**form, "name": "eve"})

        assert (me["name"], me["role"], me["has_password"]) == ("ada", "viewer", True)
        assert second.status_code == 400
        assert root.get("/api/invitations").json() == {"invitations": []}

    def test_closed_is_closed_with_an_invitation_too(self, platform: Platform):
        """An administrator closes the door: links that are out open nothing, and no new ones are made."""
        root = platform.signed_in("root")
        link = root.post("/api/invitations", json={"role": "user"}).json()["link"]
        root.put("/api/settings", json={"registration": "closed"})
        form = {"name": "eve", "password": PASSWORD, "invitation": link.partition("#")[2]}

        refused = platform.client().post("/registration", json=form)

        assert refused.status_code == 404
        assert "closed" in refused.json()["detail"]
        assert root.post("/api/invitations", json={"role": "user"}).status_code == 409

    def test_open_registration_makes_users_and_nothing_more(self, platform: Platform):
        """Nobody gives themselves a role (mass assignment)."""
        administration.change_settings(platform.database, platform.root, {"registration": "open"})
        eve = platform.client()
        form = {"name": "eve", "password": PASSWORD}

        for extra in ("role", "is_local", "user_id"):
            assert eve.post("/registration", json={**form, extra: "administrator"}).status_code == 422
        assert eve.post("/registration", json=form).status_code == 201
        assert eve.get("/api/me").json()["role"] == "user"

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"name": "root", "password": OTHER}, 409),
            ({"name": "ROOT", "password": OTHER}, 409),
            ({"name": "eve", "password": "short"}, 400),
            ({"name": "<script>", "password": OTHER}, 400),
        ],
    )
    def test_what_cannot_be_is_told(self, platform: Platform, form: dict, status: int):
        """The form shows the text beside the field."""
        administration.change_settings(platform.database, platform.root, {"registration": "open"})

        answer = platform.client().post("/registration", json=form)

        assert answer.status_code == status
        assert form["password"] not in answer.text
        assert len(answer.json()["detail"]) > 20


class TestSigningIn:
    def test_a_wrong_password_and_an_unknown_name_look_the_same(self, platform: Platform):
        """Nobody learns which accounts there are."""
        client = platform.client()
        wrong = client.post("/session", json={"name": "root", "password": OTHER})
        unknown = client.post("/session", json={"name": "nobody", "password": OTHER})

        assert wrong.status_code == unknown.status_code == 401
        assert wrong.text == unknown.text

    def test_guessing_is_slowed_down_and_the_right_password_with_it(self, platform: Platform):
        """Five tries in five minutes: sixty an hour."""
        client = platform.client()
        guess = {"name": "root", "password": OTHER}
        tries = [client.post("/session", json=guess).status_code for _ in range(5)]

        late = client.post("/session", json={"name": "Root", "password": PASSWORD})

        assert tries == [401] * 5
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) == 300

    def test_signing_in_is_kept_for_the_administrator(self, platform: Platform):
        """Who was here, and who tried to be."""
        platform.client().post("/session", json={"name": "root", "password": OTHER})
        root = platform.signed_in("root")

        entries = root.get("/api/audit", params={"search": "sign"}).json()["entries"]

        assert [entry["action"] for entry in entries[:2]] == ["signed in", "failed to sign in"]
        assert entries[0]["address"] == "127.0.0.1"


class TestOneselfs:
    def test_a_name_can_be_changed(self, platform: Platform):
        """People marry."""
        platform.add("ada")
        ada = platform.signed_in("ada")

        changed = ada.patch("/api/me", json={"name": "ada.king", "full_name": "Ada King"}).json()

        assert (changed["name"], changed["full_name"]) == ("ada.king", "Ada King")
        assert ada.get("/api/me").json() == changed
        assert ada.patch("/api/me", json={"name": "root"}).status_code == 409

    def test_a_new_password_ends_every_other_session(self, platform: Platform):
        """Whoever had the old one is out."""
        platform.add("ada")
        here, elsewhere = platform.signed_in("ada"), platform.signed_in("ada")

        refused = here.post("/api/me/password", json={"old": OTHER, "new": OTHER})
        weak = here.post("/api/me/password", json={"old": PASSWORD, "new": "passwordpassword"})
        changed = here.post("/api/me/password", json={"old": PASSWORD, "new": OTHER})

        assert (refused.status_code, weak.status_code, changed.status_code) == (400, 400, 204)
        assert here.get("/api/me").status_code == 200
        assert elsewhere.get("/api/me").status_code == 401
        platform.signed_in("ada", OTHER)

    def test_sessions_are_listed_and_ended(self, platform: Platform):
        """A laptop was lost."""
        ada_id = platform.add("ada")
        here, lost = platform.signed_in("ada"), platform.signed_in("ada")
        sessions = here.get("/api/me/sessions").json()["sessions"]
        (other,) = [one["session_id"] for one in sessions if not one["is_this"]]

        assert len(sessions) == 2
        assert platform.signed_in("root").delete(f"/api/me/sessions/{other}").status_code == 404
        assert here.delete(f"/api/me/sessions/{other}").status_code == 204
        assert lost.get("/api/me").status_code == 401
        assert here.get("/api/me").json()["user_id"] == ada_id

    def test_a_token_is_shown_once_and_does_what_its_scopes_say(self, platform: Platform):
        """For a script on a cluster that may look and not touch."""
        platform.add("ada")
        ada = platform.signed_in("ada")
        made = ada.post("/api/me/tokens", json={"name": "nightly", "scopes": ["read"], "days": 30})
        token = made.json()["token"]
        script = httpx.Client(base_url=platform.address, headers={"authorization": f"Bearer {token}"})

        assert made.status_code == 201
        assert script.get("/api/me").json()["name"] == "ada"
        assert script.post("/api/commands", json={}).status_code == 403
        listed = ada.get("/api/me/tokens").json()["tokens"]
        assert [one["name"] for one in listed] == ["nightly"]
        assert token not in str(listed)
        with platform.database.connection() as conn:
            assert token not in str(conn.execute("SELECT * FROM api_tokens").fetchall())
        assert ada.delete(f"/api/me/tokens/{listed[0]['token_id']}").status_code == 204
        assert script.get("/api/me").status_code == 401

    def test_a_user_cannot_make_a_token_that_administers(self, platform: Platform):
        """A token is never more than its owner."""
        platform.add("ada")

        answer = platform.signed_in("ada").post(
            "/api/me/tokens", json={"name": "more", "scopes": ["administer"]}
        )

        assert answer.status_code == 400


class TestAdministering:
    def test_a_disabled_account_is_out_at_once_and_its_runs_stay(self, platform: Platform):
        """Somebody leaves on a Friday."""
        ada_id = platform.add("ada")
        ada, root = platform.signed_in("ada"), platform.signed_in("root")

        assert root.patch(f"/api/users/{ada_id}", json={"disabled": True}).status_code == 204

        assert ada.get("/api/me").status_code == 401
        answer = platform.client().post("/session", json={"name": "ada", "password": PASSWORD})
        assert answer.status_code == 401
        (row,) = root.get("/api/users", params={"disabled": True}).json()["users"]
        assert row["name"] == "ada"

    def test_a_new_role_ends_the_sessions_of_the_old_one(self, platform: Platform):
        """A session id known before a privilege must not have it."""
        ada_id = platform.add("ada")
        ada, root = platform.signed_in("ada"), platform.signed_in("root")

        root.patch(f"/api/users/{ada_id}", json={"role": "administrator"})

        assert ada.get("/api/me").status_code == 401
        everybody = platform.signed_in("ada").get("/api/users", params={"role": "administrator"}).json()
        assert [one["name"] for one in everybody["users"] if not one["is_local"]] == ["ada", "root"]

    def test_an_old_session_gives_the_password_again_first(self, platform: Platform):
        """An administrator's open screen is not enough to make another administrator."""
        ada_id = platform.add("ada")
        root = platform.signed_in("root")
        with platform.database.connection() as conn:
            conn.execute("UPDATE sessions SET confirmed_at = now() - interval '1 hour'")
        promote = {"url": f"/api/users/{ada_id}", "json": {"role": "administrator"}}

        refused = root.patch(**promote)
        wrong = root.post("/api/me/confirmation", json={"password": OTHER})
        confirmed = root.post("/api/me/confirmation", json={"password": PASSWORD})

        assert (refused.status_code, refused.json()["type"]) == (403, "urn:nntracker:confirm")
        assert (wrong.status_code, confirmed.status_code) == (400, 204)
        assert root.patch(**promote).status_code == 204

    def test_the_last_administrator_and_oneself_stay(self, platform: Platform):
        """Nobody locks everybody out."""
        with platform.database.connection() as conn:
            conn.execute("UPDATE users SET disabled_at = now() WHERE is_local")
        root = platform.signed_in("root")
        me = f"/api/users/{platform.root.user_id}"

        answers = [
            root.patch(me, json={"role": "user"}),
            root.patch(me, json={"disabled": True}),
            root.delete(me),
        ]

        assert [answer.status_code for answer in answers] == [409, 409, 409]
        with platform.database.connection() as conn:
            conn.execute("UPDATE users SET disabled_at = NULL WHERE is_local")

    def test_two_changes_of_an_account_are_one(self, platform: Platform):
        """Half of what an administrator asked for, and a refusal, would be neither the old state nor the new one."""
        platform.add("second", Role.ADMINISTRATOR)
        root = platform.signed_in("root")
        own = f"/api/users/{platform.root.user_id}"

        refused = root.patch(own, json={"role": "user", "disabled": True})

        assert refused.status_code == 409
        assert root.get(own).json()["role"] == "administrator"

    @pytest.mark.parametrize("way", ["demoted", "disabled", "deleted", "renamed"])
    def test_who_administers_no_more_has_invited_nobody(self, platform: Platform, way: str):
        """Somebody who expects to be sent away would leave a door open, and come back as an administrator."""
        eve_id = platform.add("eve", Role.ADMINISTRATOR)
        eve, root = platform.signed_in("eve"), platform.signed_in("root")
        made = eve.post("/api/invitations", json={"role": "administrator"}).json()
        kept = root.post("/api/invitations", json={"role": "user"}).json()["invitation_id"]
        if way == "renamed":
            eve.patch("/api/me", json={"name": "evelyn"}).raise_for_status()
        one = f"/api/users/{eve_id}"
        if way == "deleted":
            root.delete(one).raise_for_status()
        else:
            root.patch(
                one, json={"disabled": True} if way == "disabled" else {"role": "user"}
            ).raise_for_status()

        form = {"name": "back", "password": PASSWORD, "invitation": made["link"].partition("#")[2]}
        assert platform.client().post("/registration", json=form).status_code == 400
        left = {one["invitation_id"] for one in root.get("/api/invitations").json()["invitations"]}
        assert left & {made["invitation_id"], kept} == {kept}

    def test_one_account_is_shown_with_what_its_runs_do(self, platform: Platform):
        """Who has the machine?"""
        ada_id = platform.add("ada")
        submit_for(platform, ada_id)
        root = platform.signed_in("root")

        ada = root.get(f"/api/users/{ada_id}").json()

        assert (ada["name"], ada["at_work"], ada["cpu"]) == ("ada", 0, 0)
        assert ada["runs"] > 0
        assert root.get("/api/users/00000000-0000-0000-0000-000000000000").status_code == 404

    def test_a_disabled_account_gets_no_link(self, platform: Platform):
        """It would open nothing, and nobody would know why."""
        ada_id = platform.add("ada")
        root = platform.signed_in("root")
        root.patch(f"/api/users/{ada_id}", json={"disabled": True})

        refused = root.post(f"/api/users/{ada_id}/login-link")

        assert refused.status_code == 409
        assert "enable" in refused.json()["detail"]

    def test_deleting_somebody_says_what_becomes_of_their_experiments(self, platform: Platform):
        """Results are not lost by a click."""
        ada_id = platform.add("ada")
        submit_for(platform, ada_id)
        root = platform.signed_in("root")

        refused = root.delete(f"/api/users/{ada_id}")
        gone = root.delete(f"/api/users/{ada_id}", params={"heir_id": str(platform.root.user_id)})

        assert refused.status_code == 409
        assert "1 experiments" in refused.json()["detail"]
        assert gone.status_code == 204
        assert [run["name"] for run in root.get("/api/runs").json()["runs"]]

    def test_somebody_new_signs_in_by_a_link_and_sets_a_password(self, platform: Platform):
        """The administrator never knows it."""
        root = platform.signed_in("root")
        link = root.post("/api/users", json={"name": "ada", "role": "code"}).json()["link"]
        ada = platform.client()

        assert ada.post("/session", json={"token": link.partition("#")[2]}).status_code == 204
        assert ada.post("/api/me/password", json={"new": PASSWORD}).status_code == 204
        assert platform.signed_in("ada").get("/api/me").json()["role"] == "code"


class TestSharing:
    def test_a_link_opens_one_experiment_and_closes_when_taken_back(self, platform: Platform):
        """For a reviewer without an account."""
        ada_id = platform.add("ada")
        experiment_id = submit_for(platform, ada_id)
        submit_for(platform, ada_id)
        ada, visitor = platform.signed_in("ada"), platform.client()
        made = ada.post(f"/api/experiments/{experiment_id}/links", json={"days": 7}).json()

        opened = visitor.post("/session", json={"share": made["link"].partition("#")[2]}).json()

        assert opened == {"experiment_id": experiment_id}
        seen = visitor.get("/api/experiments").json()["experiments"]
        assert [one["experiment_id"] for one in seen] == [experiment_id]
        assert visitor.post("/api/commands", json={}).status_code == 403
        assert visitor.get("/api/me/tokens").status_code == 403
        assert ada.delete(f"/api/experiments/{experiment_id}/links/{made['link_id']}").status_code == 204
        assert visitor.get("/api/experiments").status_code == 401

    def test_what_is_not_yours_cannot_be_shared(self, platform: Platform):
        """Not even that it exists is told."""
        experiment_id = submit_for(platform, platform.add("ada"))
        platform.add("bob")
        bob = platform.signed_in("bob")

        for path in ("shares", "links"):
            assert bob.get(f"/api/experiments/{experiment_id}/{path}").status_code == 404
        shared = bob.post(f"/api/experiments/{experiment_id}/shares", json={"name": "bob"})
        assert shared.status_code == 404

    def test_what_is_somebodys_own_is_not_shared_with_them(self, platform: Platform):
        """An administrator shares it for them, and means somebody else."""
        experiment_id = submit_for(platform, platform.add("ada"))
        shares = f"/api/experiments/{experiment_id}/shares"

        refused = platform.signed_in("root").post(shares, json={"name": "ada"})

        assert refused.status_code == 409
        assert "ada's own" in refused.json()["detail"]

    def test_a_colleague_sees_and_acts_as_far_as_was_said(self, platform: Platform):
        """See first, act later, and no more when it is over."""
        ada_id, bob_id = platform.add("ada"), platform.add("bob")
        experiment_id = submit_for(platform, ada_id)
        ada, bob = platform.signed_in("ada"), platform.signed_in("bob")
        shares = f"/api/experiments/{experiment_id}/shares"
        pause = {"verb": "pause", "selection": {"experiment_id": experiment_id}}

        assert ada.post(shares, json={"name": "bob"}).status_code == 204
        assert bob.get("/api/runs").json()["total"] > 0
        assert bob.post("/api/commands", json=pause).status_code == 404
        ada.post(shares, json={"name": "Bob", "may": "act"})
        assert bob.post("/api/commands", json=pause).status_code == 200
        assert ada.delete(f"{shares}/{bob_id}").status_code == 204
        assert bob.get("/api/runs").json()["total"] == 0


def submit_for(platform: Platform, owner_id: str) -> str:
    """An experiment of somebody. Returns its id."""
    specs = run_specs(f"Of {owner_id[:4]} {datetime.now(UTC).timestamp()}")
    submit(platform.database, "Theirs", specs, owner_id=owner_id)
    return str(specs[0].experiment_id)


def test_a_session_opened_in_code_is_like_any(platform: Platform):
    """Tests of roles elsewhere open sessions so; they must be true ones."""
    with platform.database.connection() as conn:
        secret = Sessions(platform.database).open(
            conn, user_id=platform.root.user_id, now=datetime.now(UTC), visit=Visit(), replaces=None
        )
    caller = Sessions(platform.database).caller(secret, now=datetime.now(UTC))

    assert caller is not None
    assert caller.name == "root"
