"""For each test a clean slate of accounts."""

from __future__ import annotations

import pytest

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.integration.web.accounts.platform import (
    Platform,
    password_hash_of_all,
)


@pytest.fixture(scope="module")
def database(module_database: Database) -> Database:
    return module_database


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
