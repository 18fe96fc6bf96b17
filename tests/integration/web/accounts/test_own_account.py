"""Accounts over REST: registering, signing in, one's own account."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from apps.api.sign_in import Sessions, Visit
from nntracker_ray.accounts import administration
from tests.integration.web.accounts.platform import (
    OTHER,
    PASSWORD,
    Platform,
)


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


def test_a_session_opened_in_code_is_like_any(platform: Platform):
    """Tests of roles elsewhere open sessions so; they must be true ones."""
    with platform.database.connection() as conn:
        secret = Sessions(platform.database).open(
            conn, user_id=platform.root.user_id, now=datetime.now(UTC), visit=Visit(), replaces=None
        )
    caller = Sessions(platform.database).caller(secret, now=datetime.now(UTC))

    assert caller is not None
    assert caller.name == "root"
