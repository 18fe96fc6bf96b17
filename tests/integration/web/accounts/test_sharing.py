"""Letting others see an experiment, over REST."""

from __future__ import annotations

from tests.integration.web.accounts.platform import (
    Platform,
    submit_for,
)


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
