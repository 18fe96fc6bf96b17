"""A platform with people on it, asked over REST."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import httpx

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import run_specs, submit

PASSWORD = "violet tractor under seven clouds"


OTHER = "eleven quiet kettles on a roof"


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


def submit_for(platform: Platform, owner_id: str) -> str:
    """An experiment of somebody. Returns its id."""
    specs = run_specs(f"Of {owner_id[:4]} {datetime.now(UTC).timestamp()}")
    submit(platform.database, "Theirs", specs, owner_id=owner_id)
    return str(specs[0].experiment_id)
