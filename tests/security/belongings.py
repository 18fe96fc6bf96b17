"""Somebody with one of everything, and everybody who might ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np

from apps.api.cookies import cookie_name
from apps.api.sign_in import Sessions, Visit
from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import new_secret, new_token, secret_hash
from nntracker_ray.records import Batch, Capture, MetricArray, RunFact, WeightArray
from nntracker_ray.storage import account_writes, session_writes, sharing_writes, writes
from nntracker_ray.storage.connection import Database
from tests.integration.storage.examples_of_records import NOON
from tests.web_examples import finish, run_specs, submit, web_server

EXAMPLES = Path(__file__).parents[2] / "examples" / "iris"
SUMMARY = {"layers": [{"name": "dense", "kind": "Dense", "output_shape": [None, 3], "parameters": 6}]}
OWNER, OTHER, CODER, VIEWER, ADMINISTRATOR = "ada", "bob", "cora", "vera", "ruth"
VISITOR, STRANGER = "visitor", "stranger"  # with a link to another experiment; not signed in
ROLES = {
    OWNER: Role.USER,
    OTHER: Role.USER,
    CODER: Role.CODE,
    VIEWER: Role.VIEWER,
    ADMINISTRATOR: Role.ADMINISTRATOR,
}
CALLERS = (*ROLES, VISITOR, STRANGER)


@dataclass(frozen=True, slots=True)
class Household:
    """Clients of everybody, and Ada's ids by what routes call them."""

    database: Database
    address: str
    accounts: dict[str, UUID]
    clients: dict[str, httpx.Client]
    ids: dict[str, UUID]

    def ask(self, who: str, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Status and body of an answer; of a stream of events how it begins."""
        with self.clients[who].stream(method, path, **more) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                return answer.status_code, next(answer.iter_text())
            answer.read()
            return answer.status_code, answer.text


@contextmanager
def household(home: Path, database: Database) -> Iterator[Household]:
    """A server on which Ada has everything, and others have what others have."""
    with web_server(home, database.dsn) as address:
        accounts = _accounts(database)
        clients = {name: _by_token(database, address, user_id) for name, user_id in accounts.items()}
        ids = _ada_has(database, accounts[OWNER], clients[OWNER])
        clients[VISITOR] = _visitor(database, address, accounts[OTHER])
        clients[STRANGER] = httpx.Client(base_url=address, headers={"origin": address}, timeout=60)
        yield Household(database, address, accounts, clients, ids)
        for client in clients.values():
            client.close()


def _accounts(database: Database) -> dict[str, UUID]:
    with database.connection() as conn:
        writes.ensure_local_account(conn)
        return {
            name: account_writes.add_account(conn, name=name, role=role, password_hash=None)
            for name, role in ROLES.items()
        }


def _by_token(database: Database, address: str, user_id: UUID) -> httpx.Client:
    token = new_token()
    with database.connection() as conn:
        keep_token(conn, user_id, token, name="t", scopes=[*Scope], expires_at=None)
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=address, headers=headers, timeout=60)


def _visitor(database: Database, address: str, owner: UUID) -> httpx.Client:
    """Somebody to whom another experiment is shown."""
    specs, secret = run_specs("Shown"), new_secret()
    submit(database, "Shown", specs, owner_id=owner)
    now = datetime.now(UTC)
    with database.connection() as conn:
        sharing_writes.add_share_link(
            conn,
            actor_id=owner,
            experiment_id=specs[0].experiment_id,
            token_hash=secret_hash(secret),
            by="bob",
            expires_at=now + timedelta(days=1),
        )
    opened = Sessions(database).by_share_link(secret, now=now, visit=Visit())
    assert opened is not None
    headers = {"origin": address, "cookie": f"{cookie_name(address)}={opened[0]}"}
    return httpx.Client(base_url=address, headers=headers, timeout=60)


def _ada_has(database: Database, ada: UUID, client: httpx.Client) -> dict[str, UUID]:
    """One of everything that has an id."""
    specs = run_specs("Adas", tags=["adas"])
    submit(database, "Adas", specs, owner_id=ada)
    lease = finish(database)
    experiment_id, run_id = specs[0].experiment_id, specs[0].run_id
    kernel = WeightArray(0, "dense", "kernel", np.arange(6, dtype=np.float32))
    look = MetricArray("accuracy", 0, 45, np.arange(3), None, NOON, "dense", "kernel")
    records = (Capture(0, 45, (kernel,), NOON), look, RunFact("model_summary", SUMMARY))
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, records)])
        friend = account_writes.add_account(conn, name="fred", role=Role.VIEWER, password_hash=None)
        session_id = session_writes.open_session(
            conn,
            session_hash=secret_hash(new_secret()),
            now=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(days=1),
            user_id=ada,
        )
    place = f"/api/experiments/{experiment_id}"
    client.post(f"{place}/shares", json={"name": "fred", "may": "act"}).raise_for_status()
    prioritise = {"verb": "prioritise", "selection": {"run_ids": [str(run_id)]}, "arguments": {"priority": 1}}
    made = {
        "link_id": client.post(f"{place}/links", json={}),
        "command_id": client.post("/api/commands", json=prioritise),
        "token_id": client.post("/api/me/tokens", json={"name": "hers", "scopes": ["read"]}),
        "dataset_id": client.post(
            "/api/datasets?name=adas.arff", content=(EXAMPLES / "iris.arff").read_bytes()
        ),
        "model_id": client.post("/api/models?name=adas", content=(EXAMPLES / "model.json").read_bytes()),
    }
    ids = {name: UUID(answer.json()[name]) for name, answer in made.items()}
    return {
        **ids,
        "experiment_id": experiment_id,
        "run_id": run_id,
        "session_id": session_id,
        "user_id": friend,
    }
