"""Other people's runs: no question by word, tag, list or number gives them away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import new_token
from nntracker_ray.npz import read_columns
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import finish, run_specs, submit, web_server

NOBODYS = "11111111-1111-4111-8111-111111111111"


@dataclass(frozen=True)
class Stranger:
    """Somebody with an account of their own, and what is not theirs."""

    client: httpx.Client
    run_id: UUID
    experiment_id: UUID


@pytest.fixture(scope="module")
def stranger(tmp_path_factory, module_database: Database) -> Iterator[Stranger]:
    """The local account has a run; somebody else asks."""
    specs = run_specs("Secret", tags=["hush"])
    submit(module_database, "Secret", specs)
    finish(module_database)
    token = new_token()
    with module_database.connection() as conn:
        user_id = account_writes.add_account(conn, name="stranger", role=Role.USER, password_hash=None)
        keep_token(conn, user_id, token, name="t", scopes=[Scope.READ, Scope.ACT], expires_at=None)
    with (
        web_server(tmp_path_factory.mktemp("home"), module_database.dsn) as address,
        httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}) as client,
    ):
        yield Stranger(client, specs[0].run_id, specs[0].experiment_id)


@pytest.mark.parametrize(
    "path",
    [
        "/api/runs/{run}/facts",
        "/api/runs/{run}/specification",
        "/api/runs/{run}/arrays",
        "/api/runs/{run}/weights?layer=a",
        "/api/runs/{run}/report",
        "/api/experiments/{experiment}/summary",
        "/api/experiments/{experiment}/folds/0",
        "/api/find?word={run}",
        "/api/find?word={experiment}&kind=experiment",
    ],
)
def test_theirs_and_nobodys_are_answered_alike(stranger: Stranger, path: str):
    """Even that there is one is nobody else's business."""
    known = {"run": str(stranger.run_id), "experiment": str(stranger.experiment_id)}
    unknown = dict.fromkeys(known, NOBODYS)

    theirs, nobodys = (stranger.client.get(path.format(**ids)) for ids in (known, unknown))

    assert theirs.status_code == nobodys.status_code == 404
    plain = theirs.text.replace(known["run"], "").replace(known["experiment"], "")
    assert plain == nobodys.text.replace(NOBODYS, "")


@pytest.mark.parametrize("word", ["1", "Secret"])
@pytest.mark.parametrize("kind", ["run", "experiment"])
def test_their_names_and_numbers_mean_nothing(stranger: Stranger, word: str, kind: str):
    """Nor does the message for a near miss name them."""
    answer = stranger.client.get("/api/find", params={"word": word, "kind": kind})
    near = stranger.client.get("/api/find", params={"word": "Secre", "kind": kind})

    assert answer.status_code == near.status_code == 404
    assert "Did you mean" not in answer.text + near.text


def test_lists_do_not_hold_them(stranger: Stranger):
    """Whatever is searched for or sorted by."""
    ask = stranger.client.get

    assert ask("/api/runs", params={"search": "Secret"}).json() == {"total": 0, "runs": []}
    assert ask("/api/runs", params={"owner": "local"}).json() == {"total": 0, "runs": []}
    assert ask("/api/runs", params={"run_id": str(stranger.run_id)}).json()["total"] == 0
    assert ask("/api/tags").json() == {"tags": []}
    assert all(ask("/api/names", params={"kind": kind}).json() == {"names": []} for kind in ("run", "tag"))
    assert ask("/api/queue").json() == {"states": {}, "work": []}
    for asked in ({"run_id": str(stranger.run_id)}, {"experiment_id": str(stranger.experiment_id)}):
        assert len(read_columns(ask("/api/metrics", params=asked).content)["value"]) == 0


@pytest.mark.parametrize("selection", [{"runs": ["1"]}, {"tag": "hush"}, {"everything": True}], ids=str)
def test_nothing_of_theirs_is_meant(stranger: Stranger, selection: dict):
    """Neither to tag, nor to delete, nor to act on."""
    selection = dict(selection)
    by_id = {"run_ids": [str(stranger.run_id)]}
    for chosen in (selection, by_id):
        tag = stranger.client.post("/api/runs/tags", json={"selection": chosen, "add": ["mine"]})
        preview = stranger.client.post("/api/deletion-preview", json={"selection": chosen})
        pause = stranger.client.post("/api/commands", json={"verb": "pause", "selection": chosen})

        assert [one.status_code for one in (tag, preview, pause)] == [404, 404, 404]


def test_shares_of_the_hardware_are_for_administrators(stranger: Stranger):
    """Who is there and how much they train is said in them."""
    assert stranger.client.get("/api/shares").status_code == 403
    assert stranger.client.put("/api/shares/stranger", json={}).status_code == 403
