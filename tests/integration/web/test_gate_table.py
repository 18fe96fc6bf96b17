"""The gate, asked by real HTTP and websocket clients: every route, every kind of caller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from starlette.routing import Mount
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from apps.api.access import RULES, SAFE_METHODS, WEBSOCKET, Access, Rule, find_rule
from apps.api.app import WebSettings, build_app
from apps.api.cookies import cookie_name
from apps.api.sign_in import Sessions, Visit, make_login_link
from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import new_secret, new_token, secret_hash
from nntracker_ray.home import Home
from nntracker_ray.storage import account_writes, sharing_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import finish, run_specs, submit, web_server

HTTP_RULES = [rule for rule in RULES if rule.method != WEBSOCKET]
CHANGING_RULES = [rule for rule in HTTP_RULES if rule.method not in SAFE_METHODS]
SOCKET_RULES = [rule for rule in RULES if rule.method == WEBSOCKET]
UNKNOWN_RUN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def database(module_database: Database) -> Database:
    """One for the module: what tests leave in it, sessions and links, does not disturb the others."""
    return module_database


@pytest.fixture(scope="module")
def address(tmp_path_factory, database: Database) -> Iterator[str]:
    with web_server(tmp_path_factory.mktemp("home"), database.dsn) as address:
        yield address


def sign_in(address: str, database: Database) -> httpx.Client:
    """A client that has redeemed a one-time link."""
    client = httpx.Client(base_url=address)
    secret = make_login_link(database, address).partition("#")[2]
    answer = client.post("/session", json={"token": secret}, headers={"origin": address})
    assert answer.status_code == 204
    return client


@pytest.fixture
def signed_in(address: str, database: Database) -> Iterator[httpx.Client]:
    client = sign_in(address, database)
    yield client
    client.close()


def example(path: str) -> str:
    known = re.sub(r"\{path:path\}", "nothing.js", path).replace("{name}", "last")
    return re.sub(r"\{\w+_id\}", UNKNOWN_RUN, known)


def ask(method: str, url: str, **more) -> httpx.Response:
    """The answer; of one that never ends, its head."""
    with httpx.stream(method, url, **more) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        return answer


def cookie_header(client: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


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


def open_socket(address: str, path: str, **headers: str) -> int:
    """The status that a websocket handshake is answered with; 101 when it is let in."""
    try:
        with connect(
            address.replace("http", "ws") + path, additional_headers=headers, subprotocols=["bokeh", "x"]
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


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


@pytest.mark.parametrize("rule", HTTP_RULES, ids=lambda rule: f"{rule.method} {rule.path}")
def test_a_stale_cookie_is_no_session(rule, address: str, signed_in: httpx.Client):
    """A cookie kept by a browser after signing out must be worth nothing."""
    signed_in.post("/sign-out", headers={"origin": address})
    stale = {
        "cookie": f"nntracker_session_{address.rpartition(':')[2]}=made-up-and-long-enough",
        "origin": address,
    }

    answer = ask(rule.method, address + example(rule.path), headers=stale)

    if rule.access is not Access.ANYONE:
        assert answer.status_code in (303, 401)


@pytest.mark.parametrize(
    "rule",
    [r for r in HTTP_RULES if r.method not in SAFE_METHODS],
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


@pytest.mark.parametrize("rule", SOCKET_RULES, ids=lambda rule: rule.path)
class TestWebsockets:
    """Panel's data goes through them, and neither Panel nor Bokeh asks who opens one."""

    def test_strangers_are_refused(self, rule, address: str):
        """bokeh-fastapi alone lets anybody in who holds a page token."""
        assert open_socket(address, rule.path, origin=address) == 403

    def test_other_origins_are_refused_even_with_a_session(self, rule, address: str, signed_in: httpx.Client):
        """Browsers send cookies with a foreign page's websocket: only the origin tells (hijacking)."""
        for origin in ("http://evil.example", "null", address + "1"):
            assert open_socket(address, rule.path, origin=origin, cookie=cookie_header(signed_in)) == 403
        assert open_socket(address, rule.path, cookie=cookie_header(signed_in)) == 403

    def test_a_stale_cookie_is_refused(self, rule, address: str, signed_in: httpx.Client):
        """Signing out ends websockets as well as pages."""
        cookie = cookie_header(signed_in)
        signed_in.post("/sign-out", headers={"origin": address})

        assert open_socket(address, rule.path, origin=address, cookie=cookie) == 403

    def test_a_page_opens_its_socket_and_signing_out_closes_it(
        self, rule, address: str, signed_in: httpx.Client
    ):
        """What was open when one signs out must not go on showing data."""
        path = rule.path.removesuffix("ws").rstrip("/") or "/"
        token = page_token(signed_in, f"{path}?id={UNKNOWN_RUN}")
        headers = {"origin": address, "cookie": cookie_header(signed_in)}

        with connect(
            address.replace("http", "ws") + rule.path,
            additional_headers=headers,
            subprotocols=["bokeh", token],
        ) as socket:
            assert "ACK" in str([socket.recv(timeout=10) for _ in range(3)])
            signed_in.post("/sign-out", headers={"origin": address})
            while socket.close_code is None:
                try:
                    socket.recv(timeout=10)
                except Exception:
                    break

        assert socket.close_code == 4401

    def test_a_page_token_of_another_session_is_refused(
        self, rule, address: str, database: Database, signed_in: httpx.Client
    ):
        """A page token that leaks is of no use without the session it was made for."""
        path = rule.path.removesuffix("ws").rstrip("/") or "/"
        token = page_token(signed_in, f"{path}?id={UNKNOWN_RUN}")

        headers = {"origin": address, "cookie": cookie_header(sign_in(address, database))}
        url = address.replace("http", "ws") + rule.path
        with pytest.raises(InvalidStatus):
            connect(url, additional_headers=headers, subprotocols=["bokeh", token])


def page_token(client: httpx.Client, path: str) -> str:
    page = client.get(path).text
    found = re.search(r'"token":"([^"]+)"', page)
    assert found, page[:500]
    return found[1]


def test_a_page_token_holds_no_cookie(address: str, signed_in: httpx.Client):
    """The token stands in the page's source: a script there must not find the session in it."""
    import base64
    import zlib

    payload = page_token(signed_in, "/").split(".")[0]
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode("latin-1")

    (secret,) = signed_in.cookies.values()
    assert secret not in raw
    inner = re.search(r'"__bk__zlib_":\s*"([^"]+)"', raw)
    assert inner is not None
    unpacked = zlib.decompress(base64.urlsafe_b64decode(inner[1] + "=" * (-len(inner[1]) % 4))).decode()
    assert secret not in unpacked
    assert "nntracker_session" not in unpacked


def test_unknown_paths_and_foreign_names_are_refused(address: str, signed_in: httpx.Client):
    """What is not in the table does not exist; a foreign host name is DNS rebinding."""
    assert signed_in.get("/docs").status_code == 404
    assert signed_in.put("/api/runs", headers={"origin": address}).status_code == 404
    assert signed_in.get("/api/runs", headers={"host": "evil.example"}).status_code == 421


def test_a_page_id_cannot_be_chosen_from_outside(signed_in: httpx.Client):
    """Bokeh would join the caller to the page session of that id, whosever it is."""
    assert signed_in.get("/?bokeh_session_id=abc").status_code == 400
    assert signed_in.get("/?bokeh-session-id=abc").status_code == 400


def test_the_caller_header_cannot_be_forged(address: str, signed_in: httpx.Client, database: Database):
    """Pages learn from this header who looks at them; only the gate may write it."""
    forged = {"x-nntracker-caller": f"{UNKNOWN_RUN}/forged"}

    page = signed_in.get("/", headers=forged)

    assert page.status_code == 200
    assert "forged" not in page.text


def test_a_link_works_once_and_expires(address: str, database: Database):
    """A link that somebody finds in a shell's history must be worthless."""
    from nntracker_ray.storage import session_writes, writes

    link = make_login_link(database, address)
    token = link.partition("#")[2]
    redeem = {"json": {"token": token}, "headers": {"origin": address}}
    with database.connection() as conn:
        owner = writes.ensure_local_account(conn)
        past = datetime.now(UTC) - timedelta(seconds=1)
        session_writes.create_login_link(
            conn, user_id=owner, token_hash=secret_hash("expired" * 6), expires_at=past
        )

    assert link.startswith(f"{address}/welcome#")
    assert httpx.post(f"{address}/session", **redeem).status_code == 204
    assert httpx.post(f"{address}/session", **redeem).status_code == 401
    expired = httpx.post(f"{address}/session", json={"token": "expired" * 6}, headers={"origin": address})
    assert expired.status_code == 401


def test_signing_in_gives_a_new_session_and_ends_the_old_one(
    address: str, database: Database, signed_in: httpx.Client
):
    """A session id that somebody planted or knew before must not live on (fixation)."""
    before = cookie_header(signed_in)
    secret = make_login_link(database, address).partition("#")[2]

    answer = signed_in.post("/session", json={"token": secret}, headers={"origin": address})

    assert answer.status_code == 204
    assert cookie_header(signed_in) != before
    assert httpx.get(f"{address}/api/runs", headers={"cookie": before}).status_code == 401
    assert signed_in.get("/api/runs").status_code == 200


def test_the_session_cookie_is_out_of_reach_and_only_its_hash_is_stored(
    address: str, database: Database, signed_in: httpx.Client
):
    """A script, another site, or a reader of the database must not be able to become the user."""
    secret = make_login_link(database, address).partition("#")[2]

    answer = httpx.post(f"{address}/session", json={"token": secret}, headers={"origin": address})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    value = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    with database.connection() as conn:
        dump = str(
            conn.execute("SELECT * FROM sessions").fetchall()
            + conn.execute("SELECT * FROM login_links").fetchall()
        )
    assert value not in dump
    assert secret not in dump


@pytest.mark.parametrize("path", ["/welcome", "/api/health", "/", "/assets/welcome.js", "/nowhere"])
def test_every_answer_forbids_framing_guessing_and_other_hosts(
    path: str, address: str, signed_in: httpx.Client
):
    """One page without the headers is the page that is attacked."""
    headers = signed_in.get(path).headers

    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|\*", policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


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
