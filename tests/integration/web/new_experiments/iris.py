"""The iris example as people send it: data, a model, an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from apps.api.cookies import cookie_name
from apps.api.sign_in import Sessions, Visit
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database

EXAMPLES = Path(__file__).parents[4] / "examples"


IRIS, MODEL = EXAMPLES / "iris" / "iris.arff", EXAMPLES / "iris" / "model.json"


FILE = """
name: Iris
model: flowers
dataset_train: iris.arff
label_column: kind
total_epochs: 4
loss_functions: [SparseCategoricalCrossentropy]
learning_rates: [0.1, 0.01]
folds: {kind: stratified, count: 3}
"""


def somebody(client: httpx.Client, database: Database, name: str) -> Iterator[httpx.Client]:
    with database.connection() as conn:
        user_id = account_writes.add_account(conn, name=name, role=Role.USER, password_hash=None)
        secret = Sessions(database).open(
            conn, user_id=user_id, now=datetime.now(UTC), visit=Visit(), replaces=None
        )
    address = str(client.base_url).rstrip("/")
    headers = {"origin": address, "cookie": f"{cookie_name(address)}={secret}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as somebody:
        yield somebody


def upload(client: httpx.Client, kind: str, name: str, content: bytes, **query) -> httpx.Response:
    return client.post(f"/api/{kind}", params={"name": name, **query}, content=content)
