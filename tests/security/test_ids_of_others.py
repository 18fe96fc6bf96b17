"""Whoever asks for what is not theirs is answered as if it were not there: every route, every kind of id, everybody.

The places where ids may be sent come from the description of the routes: a new one is asked without being listed here,
and one of a new kind fails until somebody says whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage.connection import Database
from tests.security.belongings import (
    ADMINISTRATOR,
    CALLERS,
    OWNER,
    ROLES,
    STRANGER,
    Household,
    household,
)
from tests.security.described_routes import Operation, operations

pytestmark = pytest.mark.slow

NOBODYS = UUID("00000000-0000-4000-8000-000000000000")
# Of ids that are called otherwise where they are sent.
SAME_AS = {"run_ids": "run_id", "minus": "run_id", "run": "run_id", "word": "run_id", "heir_id": "user_id"}
ADMINISTRATORS_OWN = frozenset(
    {"user_id", "invitation_id", "heir_id"}
)  # ids that nobody else has any use for
OTHER_PARTS = {"{fold}": "0", "{epoch}": "0", "{kind}": "csv", "{name}": "last"}
NEEDED = {"layer": "dense", "tensor": "kernel", "metric": "accuracy"}
NEEDS_FILES = ("/checkpoints/{name}", "/folds/{fold}", "/file")  # which the owner does not have either
ASKED = [operation for operation in operations() if any(operation.id_places())]
OTHERS = [who for who in CALLERS if who not in (OWNER, ADMINISTRATOR)]


@pytest.fixture(scope="module")
def house(tmp_path_factory, module_database: Database) -> Iterator[Household]:
    with household(tmp_path_factory.mktemp("home"), module_database) as house:
        yield house


def asked(house: Household, who: str, operation: Operation, ids: Mapping[str, UUID]) -> tuple[int, str]:
    """Send these ids wherever this route takes ids."""
    path, query, body = operation.path, [], operation.example
    for where, place in operation.id_places():
        name = place.rpartition(".")[2]
        value = str(ids[SAME_AS.get(name, name)])
        if where == "path":
            path = path.replace(f"{{{name}}}", value)
        elif where == "query":
            query.append((name, value))
        else:
            body = {**body, "selection": {"run_ids": [str(ids["run_id"])]}}
    for part, value in OTHER_PARTS.items():
        path = path.replace(part, value)
    more: dict[str, Any] = {"params": query + _required(operation, query)}
    if body is not None:
        more["json"] = body
    return house.ask(who, operation.method, path, **more)


def _required(operation: Operation, given: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Whatever else it does not answer without."""
    names = [one["name"] for one in operation.description.get("parameters", ()) if one["in"] == "query"]
    return [(name, value) for name, value in NEEDED.items() if name in names]


def without(text: str, ids: Mapping[str, UUID]) -> str:
    """What it says, whichever id was asked for."""
    for value in ids.values():
        text = text.replace(str(value), "ID")
    return text


def belongings(database: Database) -> list[Any]:
    """Everything of Ada's that somebody could have changed."""
    tables = (
        "users",
        "experiments",
        "runs",
        "run_tags",
        "datasets",
        "models",
        "share_links",
        "experiment_shares",
    )
    with database.connection() as conn:
        return [
            sorted(row for (row,) in conn.execute(f"SELECT (to_jsonb(t) - 'seen_at')::text FROM {name} t"))  # noqa: S608
            for name in tables
        ]


@pytest.mark.parametrize("operation", ASKED, ids=str)
def test_every_id_is_of_a_known_kind(operation: Operation, house: Household):
    """Whoever adds a route with another kind of id says here whose it is."""
    for _, place in operation.id_places():
        name = place.rpartition(".")[2]
        assert SAME_AS.get(name, name) in {*house.ids, *ADMINISTRATORS_OWN}


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("operation", ASKED, ids=str)
def test_what_is_not_theirs_is_not_there(operation: Operation, who: str, house: Household):
    """The same status and the same words as for an id that nobody has; and nothing was changed by asking."""
    ids = {"invitation_id": NOBODYS, **house.ids}
    unknown = dict.fromkeys(ids, NOBODYS)
    before = belongings(house.database)

    status, theirs = asked(house, who, operation, ids)
    status_of_nobodys, nobodys = asked(house, who, operation, unknown)

    assert status == status_of_nobodys
    assert without(theirs, ids) == without(nobodys, unknown)
    if who == STRANGER:
        assert status == 401
    elif any(where == "path" for where, _ in operation.id_places()):
        assert status in (403, 404)
    if status == 403:  # by role, whatever was asked for
        assert "needs the role" in theirs or "a share link shows" in theirs
    assert belongings(house.database) == before


@pytest.mark.parametrize("who", [OWNER, ADMINISTRATOR])
@pytest.mark.parametrize("operation", [one for one in ASKED if one.method == "GET"], ids=str)
def test_whose_it_is_finds_it(operation: Operation, who: str, house: Household):
    """A route that answered 404 to everybody would pass the test above."""
    kinds = {place for _, place in operation.id_places()}
    status, text = asked(house, who, operation, {"invitation_id": NOBODYS, **house.ids})

    if who == OWNER and kinds & ADMINISTRATORS_OWN:
        assert status == 403
    elif who == ADMINISTRATOR and "command_id" in kinds:
        assert status == 404  # a command is its giver's alone; what it did stands in the runs' history
    elif operation.path.endswith(NEEDS_FILES):
        assert status in (400, 404)
        assert f"no run {house.ids['run_id']}" not in text
    else:
        assert status == 200, text


def test_everybody_is_still_who_they_were(house: Household):
    """After all that was asked above."""
    with house.database.connection() as conn:
        roles = dict(conn.execute("SELECT user_id, role FROM users").fetchall())
    assert {name: Role(roles[user_id]) for name, user_id in house.accounts.items()} == ROLES
