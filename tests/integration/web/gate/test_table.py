"""The gate's table, asked by real clients: every route, every kind of caller."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from starlette.routing import Mount

from apps.api.access import RULES, SAFE_METHODS, WEBSOCKET, Access, Rule, find_rule
from apps.api.app import WebSettings, build_app
from apps.api.cookies import cookie_name
from apps.api.sign_in import Sessions, Visit
from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import new_secret, new_token, secret_hash
from nntracker_ray.home import Home
from nntracker_ray.storage import account_writes, sharing_writes
from nntracker_ray.storage.connection import Database
from tests.integration.web.gate.callers import UNKNOWN_RUN, cookie_header, sign_in
from tests.web_examples import finish, run_specs, submit

HTTP_RULES = [rule for rule in RULES if rule.method != WEBSOCKET]


CHANGING_RULES = [rule for rule in HTTP_RULES if rule.method not in SAFE_METHODS]


def example(path: str) -> str:
    known = re.sub(r"\{path:path\}", "nothing.js", path).replace("{name}", "last")
    return re.sub(r"\{\w+_id\}", UNKNOWN_RUN, known)


def ask(method: str, url: str, **more) -> httpx.Response:
    """The answer; of one that never ends, its head."""
    with httpx.stream(method, url, **more) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        return answer


@dataclass(frozen=True)
class People:
    """One account of each role, a visitor by link, and an administrator's tokens."""

    address: str
    sessions: Sessions
    accounts: dict[Access, UUID]
    link: str
    tokens: dict[Scope, str]

    def cookie(self, who: Access) -> str:
        """A new session of theirs: some routes end the one that asks."""
        now = datetime.now(UTC)
        if who is Access.VISITOR:
            secret = self.sessions.by_share_link(self.link, now=now, visit=Visit())[0]
        else:
            with self.sessions._database.connection() as conn:
                secret = self.sessions.open(
                    conn, user_id=self.accounts[who], now=now, visit=Visit(), replaces=None
                )
        return f"{cookie_name(self.address)}={secret}"


@pytest.fixture(scope="module")
def stale_cookie(address: str, database: Database) -> str:
    """What a browser sent before its person signed out."""
    client = sign_in(address, database)
    cookie = cookie_header(client)
    assert client.get("/api/runs").is_success
    assert not client.post("/sign-out", headers={"origin": address}).is_error
    return cookie


@pytest.fixture(scope="module")
def people(address: str, database: Database) -> People:
    specs = run_specs("Shared")
    owner_id = submit(database, "Shared", specs)
    accounts, link = {}, new_secret()
    with database.connection() as conn:
        for role in Role:
            # Two administrators: routes that act on the one who asks must not find the last.
            accounts[Access(role)] = account_writes.add_account(
                conn, name=f"matrix-{role}", role=role, password_hash=None
            )
        sharing_writes.add_share_link(
            conn,
            actor_id=owner_id,
            experiment_id=specs[0].experiment_id,
            token_hash=secret_hash(link),
            by="local",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
        tokens = {scope: new_token() for scope in Scope}
        for scope, token in tokens.items():
            keep_token(
                conn, accounts[Access.ADMINISTRATOR], token, name=scope, scopes=[scope], expires_at=None
            )
    return People(address, Sessions(database), accounts, link, tokens)


def was_refused(answer: httpx.Response) -> bool:
    """Whether the gate refused it; Panel says 403 as well, for a script that is not there."""
    reasons = ("needs the role", "a share link shows", "this token may", "not for your account")
    return answer.status_code == 403 and any(reason in answer.text for reason in reasons)


def may(who: Access, rule: Rule) -> bool:
    """What the table says, told without the code that reads it."""
    order = [*Access]
    return order.index(who) >= order.index(rule.access)


def test_every_route_is_in_the_table(tmp_path):
    """A route that somebody adds without saying who may use it must fail here, not be open."""
    app = build_app(WebSettings(Home(tmp_path), "host=nowhere"))

    listed = {(rule.method, rule.path) for rule in RULES}
    unlisted = [found for route in routes_of(app) for found in route if found not in listed]

    assert not unlisted
    assert len(listed) == len(RULES)


def routes_of(app):
    for route in app.routes:
        if isinstance(route, Mount):
            assert find_rule("GET", f"{route.path}/any.js") is not None, route.path
        elif getattr(route, "methods", None):
            yield [(method, route.path) for method in route.methods - {"HEAD"}]
        elif hasattr(route, "path"):
            yield [(WEBSOCKET, route.path)]
        else:  # a router that FastAPI keeps whole
            yield from routes_of(route.original_router)


@pytest.mark.parametrize("rule", HTTP_RULES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_strangers_get_only_what_is_for_everybody(rule, address: str):
    """Without a session there is a sign-in page, library files and health; the rest asks to sign in."""
    answer = ask(rule.method, address + example(rule.path), headers={"origin": address})

    if rule.access is Access.ANYONE:
        assert answer.status_code not in (303, 401, 403)
    elif rule.is_page:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/welcome?next=")
    else:
        assert answer.status_code == 401


@pytest.mark.parametrize("who", [*Access][1:], ids=str)
@pytest.mark.parametrize("rule", HTTP_RULES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_every_role_gets_what_the_table_says(rule: Rule, who: Access, address: str, people: People):
    """The whole matrix: each route asked by each kind of caller, allowed or refused as the table says."""
    headers = {"origin": address, "cookie": people.cookie(who)}

    answer = ask(rule.method, address + example(rule.path), headers=headers)

    assert was_refused(answer) == (not may(who, rule))
    if may(who, rule):
        assert answer.status_code != 401
        assert answer.status_code < 500
        if rule.path != "/sign-out":
            assert answer.status_code != 303


@pytest.mark.parametrize("scope", [*Scope], ids=str)
@pytest.mark.parametrize("rule", HTTP_RULES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_a_token_opens_what_it_was_made_for(rule: Rule, scope: Scope, address: str, people: People):
    """One that reads cannot change anything, one that acts cannot read or administer, whoever made it."""
    headers = {"authorization": f"Bearer {people.tokens[scope]}"}

    answer = ask(rule.method, address + example(rule.path), headers=headers)

    of_oneself = rule.access is Access.VISITOR and rule.path in ("/session", "/sign-out", "/api/me")
    open_to_it = rule.access is Access.ANYONE or of_oneself or rule.scope is scope
    assert was_refused(answer) == (not open_to_it), answer.text
    assert answer.status_code != 401 or rule.access is Access.ANYONE
    assert answer.status_code < 500


@pytest.mark.parametrize("token", ["nnt_", "nnt_made-up", "x" * 60, "nnt_" + "é" * 20], ids=ascii)
def test_a_made_up_token_is_refused(token: str, address: str, people: People):
    """Also beside a good cookie: whoever shows a token wants it looked at."""
    headers = {"authorization": f"Bearer {token}".encode(), "cookie": people.cookie(Access.ADMINISTRATOR)}

    assert httpx.get(f"{address}/api/runs", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "rule",
    [rule for rule in HTTP_RULES if rule.access is not Access.ANYONE],
    ids=lambda rule: f"{rule.method} {rule.path}",
)
@pytest.mark.parametrize("cookie", ["of a session that was signed out", "made up"])
def test_a_stale_cookie_is_no_session(rule, cookie: str, address: str, stale_cookie: str):
    """A cookie kept by a browser after signing out must be worth nothing."""
    name, _, _ = stale_cookie.partition("=")
    sent = stale_cookie if cookie == "of a session that was signed out" else f"{name}=made-up-and-long-enough"

    answer = ask(rule.method, address + example(rule.path), headers={"cookie": sent, "origin": address})

    assert answer.status_code in (303, 401)


@pytest.mark.parametrize(
    "rule",
    CHANGING_RULES,
    ids=lambda rule: f"{rule.method} {rule.path}",
)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_other_sites_cannot_change_anything(rule, headers, signed_in: httpx.Client):
    """Another site's page can send our cookie along, but it cannot pretend to be ours (CSRF)."""
    answer = signed_in.request(rule.method, example(rule.path), headers=headers, json={"token": "x" * 43})

    assert answer.status_code == 403


def test_unknown_paths_and_foreign_names_are_refused(address: str, signed_in: httpx.Client):
    """What is not in the table does not exist; a foreign host name is DNS rebinding."""
    assert signed_in.get("/docs").status_code == 404
    assert signed_in.put("/api/runs", headers={"origin": address}).status_code == 404
    assert signed_in.get("/api/runs", headers={"host": "evil.example"}).status_code == 421


def test_a_run_of_nobody_and_a_run_of_somebody_else_look_the_same(
    address: str, database: Database, people: People
):
    """Even that a run exists is nobody else's business."""
    submit(database, "Mine", run_specs("Mine"))
    run_id = finish(database).run_id
    signed_in = httpx.Client(base_url=address, headers={"cookie": people.cookie(Access.USER)})
    with database.connection() as conn:
        other = conn.execute(
            "INSERT INTO users (name) VALUES ('somebody else') RETURNING user_id"
        ).fetchone()[0]
        conn.execute("UPDATE experiments SET owner_id = %s", [other])
        conn.execute("UPDATE runs SET owner_id = %s", [other])

    for path in ("", "/metrics", "/history", "/logs", "/adaptations", "/checkpoints", "/checkpoints/last"):
        theirs = signed_in.get(f"/api/runs/{run_id}{path}")
        nobodys = signed_in.get(f"/api/runs/{UNKNOWN_RUN}{path}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.text.replace(str(run_id), "") == nobodys.text.replace(UNKNOWN_RUN, "")
    assert signed_in.get("/api/runs").json() == {"total": 0, "runs": []}
