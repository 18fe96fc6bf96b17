"""What administrators do with the accounts of others, over REST."""

from __future__ import annotations

import pytest

from nntracker_ray.accounts.roles import Role
from tests.integration.web.accounts.platform import (
    OTHER,
    PASSWORD,
    Platform,
    submit_for,
)


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
