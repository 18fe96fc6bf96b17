"""Nobody becomes more than they are, and nothing gets another owner, by fields that a body does not have."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from apps.api.access import RULES, SAFE_METHODS
from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.security.belongings import ADMINISTRATOR, EXAMPLES, OTHER, OWNER, ROLES, Household, household
from tests.security.described_routes import Operation, operations, resolved

pytestmark = pytest.mark.slow

PASSWORD = "violet tractor under seven clouds"
WRITING = [one for one in operations() if one.method not in SAFE_METHODS]
WITH_JSON = [one for one in WRITING if one.json_body and one.example is not None]
# What somebody would like to set, and has no business to.
WISHED: dict[str, Any] = {
    "role": "administrator",
    "is_admin": True,
    "is_administrator": True,
    "is_local": True,
    "owner": OTHER,
    "owner_id": "{other}",
    "user_id": "{other}",
    "actor_id": "{other}",
    "viewer_id": "{other}",
    "by": OTHER,
    "state": "finished",
    "attempt": 99,
    "created_at": "2001-01-01T00:00:00Z",
    "expires_at": "2999-01-01T00:00:00Z",
    "disabled_at": None,
    "password_hash": "$argon2id$",
    "token_hash": "00",
    "scopes": ["administer"],
    "may_act": True,
    "weight": 1000,
    "max_queued": 10**6,
    "run_no": 1,
    "digest": "0" * 64,
    "__class__": "x",
    "__proto__": {"role": "administrator"},
}
FILE = """
name: Irises
model: adas
dataset_train: adas.arff
label_column: kind
total_epochs: 2
loss_functions: [SparseCategoricalCrossentropy]
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory, module_database: Database) -> Iterator[Household]:
    with household(tmp_path_factory.mktemp("home"), module_database) as house:
        yield house


def wish(house: Household, field: str) -> Any:
    value = WISHED[field]
    return str(house.accounts[OTHER]) if value == "{other}" else value


def owners(database: Database) -> dict[str, Any]:
    """Who is what, and whose everything is."""
    with database.connection() as conn:
        ask = {
            "users": "SELECT user_id, role, is_local, disabled_at, weight, max_queued FROM users ORDER BY 1",
            "runs": "SELECT run_id, owner_id, state, attempt, created_at FROM runs ORDER BY 1",
            "experiments": "SELECT experiment_id, owner_id, created_at FROM experiments ORDER BY 1",
            "datasets": "SELECT dataset_id, owner_id, digest FROM datasets ORDER BY 1",
            "models": "SELECT model_id, owner_id, digest FROM models ORDER BY 1",
            "tokens": "SELECT token_id, user_id, scopes FROM api_tokens ORDER BY 1",
        }
        return {name: conn.execute(text).fetchall() for name, text in ask.items()}


def filled(path: str, ids: dict[str, UUID]) -> str:
    for name, value in {**ids, "invitation_id": UUID(int=0), "name": OWNER}.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path


def fields_of(schema: dict[str, Any]) -> set[str]:
    return set(resolved(schema).get("properties", ()))


@pytest.mark.parametrize("who", [OWNER, ADMINISTRATOR])
@pytest.mark.parametrize("operation", WITH_JSON, ids=str)
def test_a_field_that_is_not_described_is_refused(operation: Operation, who: str, house: Household):
    """Refused, not passed over: whoever sends it thinks that it does something."""
    is_file = operation.path in ("/api/experiments", "/api/experiments/preview")  # has an answer of its own
    known = fields_of(operation.json_body["schema"]) if operation.json_body else set()
    before = owners(house.database)

    for field in WISHED.keys() - known:
        body = {**operation.example, field: wish(house, field)}
        status, text = house.ask(who, operation.method, filled(operation.path, house.ids), json=body)
        assert status in ((200, 400) if is_file else (403, 422)), (field, text)
        assert field in text or status == 403

    assert owners(house.database) == before


@pytest.mark.parametrize("operation", [one for one in WITH_JSON if "selection" in one.example], ids=str)
def test_nor_one_inside_of_another(operation: Operation, house: Household):
    """A choice of runs is the actor's, whoever else it names."""
    for field in ("owner_id", "actor_id", "user_id", "viewer_id"):
        selection = {"run_ids": [str(house.ids["run_id"])], field: wish(house, field)}
        body = {**operation.example, "selection": selection}
        status, text = house.ask(OTHER, operation.method, operation.path, json=body)
        assert status == 422, text


@pytest.mark.parametrize("operation", WRITING, ids=str)
def test_the_query_sets_nothing_either(operation: Operation, house: Household):
    """Parameters that a route does not have are passed over: then they must really be."""
    before = owners(house.database)
    query = {field: str(wish(house, field)) for field in WISHED}
    query.pop("digest")

    # Without a body that it needs, or to somebody whose it is not: nothing may come of it.
    house.ask(OTHER, operation.method, filled(operation.path, house.ids), params=query)

    after = owners(house.database)
    after["tokens"] = [row for row in after["tokens"] if row in before["tokens"]]
    assert after == before


def test_what_is_uploaded_and_submitted_is_the_callers(house: Household):
    """Whatever the query says."""
    client, ada = house.clients[OWNER], house.accounts[OWNER]
    wished = {field: str(wish(house, field)) for field in WISHED}
    data = client.post("/api/datasets", params={**wished, "name": "more.csv"}, content=b"a,b\n1,2\n3,4\n")
    model = client.post(
        "/api/models", params={**wished, "name": "more"}, content=(EXAMPLES / "model.json").read_bytes()
    )
    made = client.post("/api/experiments", params=wished, content=FILE)

    assert (data.status_code, model.status_code, made.status_code) == (201, 201, 201), made.text
    assert data.json()["owner"] == model.json()["owner"] == OWNER
    with house.database.connection() as conn:
        rows = conn.execute("SELECT DISTINCT owner_id, state FROM runs WHERE name LIKE 'Irises%'").fetchall()
    assert rows == [(ada, "queued")]


@pytest.mark.parametrize("field", WISHED)
def test_nobody_registers_or_signs_in_as_more(house: Household, field: str):
    """The forms before one is signed in are open to everybody."""
    stranger = httpx.Client(base_url=house.address, headers={"origin": house.address})
    with house.database.connection() as conn:
        conn.execute(
            "INSERT INTO settings (key, value, by) VALUES ('registration', '\"open\"', 'x') ON CONFLICT DO NOTHING"
        )
        conn.execute("DELETE FROM attempts")
    more = {field: wish(house, field)}

    registered = stranger.post("/registration", json={"name": "eve", "password": PASSWORD, **more})
    signed_in = stranger.post("/session", json={"name": OWNER, "password": PASSWORD, **more})

    assert (registered.status_code, signed_in.status_code) == (422, 422)


def test_registering_makes_a_user(house: Household):
    """And no more, however often one asks for more in the address."""
    stranger = httpx.Client(base_url=house.address, headers={"origin": house.address}, timeout=60)
    answer = stranger.post("/registration?role=administrator", json={"name": "mallory", "password": PASSWORD})

    assert answer.status_code == 201, answer.text
    assert stranger.get("/api/me").json()["role"] == Role.USER


def test_a_profile_holds_names_only(house: Household):
    """What one may set of oneself is one's names; a session keeps its role."""
    with house.database.connection() as conn:
        account_writes.change_account(conn, house.accounts[OTHER], password_hash=hash_password(PASSWORD))
    client = house.clients[OTHER]

    assert client.patch("/api/me", json={"full_name": "Bob Better"}).json()["role"] == ROLES[OTHER]
    for field, value in itertools.product(
        ("role", "scopes", "is_local"), ("administrator", ["administer"], True)
    ):
        assert client.patch("/api/me", json={field: value}).status_code == 422
    assert client.post("/api/users", json={"name": "eve"}).status_code == 403


def test_every_writing_route_is_described(house: Household):
    """A route without a description would be tried by nothing here."""
    described = {(one.method, one.path) for one in operations()}
    hidden = {(rule.method, rule.path) for rule in RULES if rule.method not in SAFE_METHODS} - described

    assert hidden - {("WEBSOCKET", rule.path) for rule in RULES} == {
        ("POST", "/registration"),
        ("POST", "/session"),
        ("POST", "/sign-out"),
    }
