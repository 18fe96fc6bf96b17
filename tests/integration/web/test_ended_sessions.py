"""What becomes of sessions: new ones at every sign-in, and nothing open once they are over."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from apps.api.ended_sessions import EndedSessions
from apps.api.sockets import SIGNED_OUT, OpenSockets
from nntracker_ray.accounts import administration
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.login_links import login_link_secret
from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.accounts.secrets import new_secret, secret_hash
from nntracker_ray.storage import account_writes, session_writes, sharing_writes
from nntracker_ray.storage.connection import Database
from tests.web_examples import run_specs, submit

PASSWORD = "violet tractor under seven clouds"
OTHER = "eleven quiet kettles on a roof"
PATIENCE_S = 20


@pytest.fixture(scope="module")
def database(module_database: Database) -> Database:
    return module_database


@cache
def password_hash_of_all() -> str:
    """Worked out once: it takes a fifth of a second."""
    return hash_password(PASSWORD)


@dataclass(frozen=True)
class Platform:
    """A running one with an administrator, a user, and an experiment that a link shares."""

    address: str
    database: Database
    root: Actor
    ada: Actor
    share: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers={"origin": self.address})

    def signed_in(self, name: str) -> httpx.Client:
        client = self.client()
        assert client.post("/session", json={"name": name, "password": PASSWORD}).status_code == 204
        return client

    def login_link(self) -> str:
        with self.database.connection() as conn:
            return login_link_secret(conn, self.ada.user_id)


@pytest.fixture
def platform(address: str, database: Database) -> Platform:
    share = new_secret()
    with database.connection() as conn:
        conn.execute("DELETE FROM users WHERE NOT is_local")
        conn.execute("DELETE FROM attempts")
        people = {
            name: Actor(
                account_writes.add_account(conn, name=name, role=role, password_hash=password_hash_of_all()),
                name,
                role,
            )
            for name, role in (("root", Role.ADMINISTRATOR), ("ada", Role.USER))
        }
    specs = run_specs(f"Shared {time.monotonic_ns()}")
    submit(database, "Shared", specs, owner_id=people["ada"].user_id)
    with database.connection() as conn:
        sharing_writes.add_share_link(
            conn,
            actor_id=people["ada"].user_id,
            experiment_id=specs[0].experiment_id,
            token_hash=secret_hash(share),
            by="ada",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )
    administration.change_settings(database, people["root"], {"registration": "open"})
    return Platform(address, database, people["root"], people["ada"], share)


def by_password(platform: Platform, client: httpx.Client) -> httpx.Response:
    return client.post("/session", json={"name": "ada", "password": PASSWORD})


def by_link(platform: Platform, client: httpx.Client) -> httpx.Response:
    return client.post("/session", json={"token": platform.login_link()})


def by_share_link(platform: Platform, client: httpx.Client) -> httpx.Response:
    return client.post("/session", json={"share": platform.share})


def by_registering(platform: Platform, client: httpx.Client) -> httpx.Response:
    return client.post("/registration", json={"name": f"eve{time.monotonic_ns()}", "password": PASSWORD})


def by_a_new_password(platform: Platform, client: httpx.Client) -> httpx.Response:
    return client.post("/api/me/password", json={"old": PASSWORD, "new": OTHER})


WAYS = (by_password, by_link, by_share_link, by_registering)
# A visitor by link has no password to change.
CHANGES = [
    (a, b) for a in WAYS for b in (*WAYS, by_a_new_password) if (a, b) != (by_share_link, by_a_new_password)
]


@pytest.mark.parametrize(("before", "after"), CHANGES, ids=lambda way: way.__name__)
def test_no_session_known_before_a_sign_in_lives_on_after_it(
    platform: Platform, before: Callable[..., httpx.Response], after: Callable[..., httpx.Response]
):
    """Whoever planted or read the old cookie would be signed in as the person (fixation, T15)."""
    client = platform.client()
    assert before(platform, client).is_success
    known = dict(client.cookies)

    assert after(platform, client).is_success

    assert dict(client.cookies) != known
    assert httpx.get(f"{platform.address}/api/me", cookies=known).status_code == 401
    assert client.get("/api/me").status_code == 200


def test_a_cookie_that_was_planted_is_not_taken_over(platform: Platform):
    """A server that keeps the id that the browser brings lets the planter in."""
    client = platform.client()
    name = f"nntracker_session_{platform.address.rpartition(':')[2]}"
    client.cookies.set(name, "planted-by-somebody-else-and-long-enough")

    assert by_password(platform, client).is_success

    planted = {name: "planted-by-somebody-else-and-long-enough"}
    assert httpx.get(f"{platform.address}/api/me", cookies=planted).status_code == 401


def test_a_token_opens_no_session_and_makes_no_stronger_token(platform: Platform):
    """A token that may only act would else become one that administers."""
    root = platform.signed_in("root")
    made = root.post("/api/me/tokens", json={"name": "acts", "scopes": ["act"]}).json()
    script = httpx.Client(base_url=platform.address, headers={"authorization": f"Bearer {made['token']}"})

    stronger = script.post("/api/me/tokens", json={"name": "more", "scopes": ["administer"]})
    password = script.post("/api/me/password", json={"old": PASSWORD, "new": OTHER})

    assert (stronger.status_code, password.status_code) == (400, 403)
    assert "set-cookie" not in password.headers


def open_page(platform: Platform, client: httpx.Client, path: str) -> ClientConnection:
    """The websocket of a page, as a browser opens it."""
    found = re.search(r'"token":"([^"]+)"', client.get(path).text)
    assert found
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    socket = connect(
        platform.address.replace("http", "ws") + path.rstrip("/") + "/ws",
        additional_headers={"origin": platform.address, "cookie": cookie},
        subprotocols=["bokeh", found[1]],
    )
    assert "ACK" in str([socket.recv(timeout=PATIENCE_S) for _ in range(3)])
    return socket


def close_code(socket: ClientConnection) -> int | None:
    """What it was closed with; None when it is still open after some patience."""
    try:
        while True:
            socket.recv(timeout=PATIENCE_S)
    except ConnectionClosed:
        return socket.protocol.close_code
    except TimeoutError:
        return None


def disabled(platform: Platform) -> None:
    administration.set_disabled(platform.database, platform.root, platform.ada.user_id, disabled=True)


def demoted(platform: Platform) -> None:
    administration.change_role(platform.database, platform.root, platform.ada.user_id, Role.VIEWER)


def deleted(platform: Platform) -> None:
    administration.delete_account(
        platform.database, platform.root, platform.ada.user_id, heir_id=platform.root.user_id
    )


@pytest.mark.parametrize("path", ["/", "/account"])
@pytest.mark.parametrize("end", [disabled, demoted, deleted], ids=lambda end: end.__name__)
def test_the_open_pages_of_who_is_out_are_closed(
    platform: Platform, end: Callable[[Platform], None], path: str
):
    """Told by another process, as the command line or a second server is: nobody here calls the sockets."""
    with open_page(platform, platform.signed_in("ada"), path) as socket:
        end(platform)

        assert close_code(socket) == 4401


def test_the_pages_of_others_stay_open(platform: Platform):
    """One is out, the others work on."""
    root = platform.signed_in("root")
    with (
        open_page(platform, root, "/account") as theirs,
        open_page(platform, platform.signed_in("ada"), "/") as hers,
    ):
        disabled(platform)

        assert close_code(hers) == 4401
        assert theirs.protocol.close_code is None
        theirs.ping().wait(PATIENCE_S)
    assert root.get("/api/me").status_code == 200


def test_a_page_of_a_link_that_is_taken_back_is_closed(platform: Platform):
    """What a visitor had open must not go on showing data."""
    from nntracker_ray.accounts import sharing

    visitor = platform.client()
    experiment_id = by_share_link(platform, visitor).json()["experiment_id"]
    with platform.database.connection() as conn:
        (link,) = sharing_writes.list_share_links(
            conn, actor_id=platform.ada.user_id, experiment_id=experiment_id, now=datetime.now(UTC)
        )

    with open_page(platform, visitor, "/") as socket:
        sharing.revoke_link(platform.database, platform.ada, experiment_id, link.link_id)

        assert close_code(socket) == 4401


def test_a_session_that_expires_is_closed_although_nobody_says_so(platform: Platform):
    """A week later the page of a screen that nobody has touched shows nothing any more."""
    session = b"0" * 32
    with platform.database.connection() as conn:
        session_writes.open_session(
            conn,
            session_hash=session,
            user_id=platform.ada.user_id,
            now=datetime.now(UTC),
            expires_at=datetime.now(UTC) + timedelta(days=7),
        )
    sent: list[Message] = []

    async def story() -> None:
        sockets = OpenSockets()
        ended = EndedSessions(platform.database, sockets)
        served = asyncio.create_task(sockets.run(for_ever, session, {}, nothing, keep))
        await asyncio.sleep(0)
        await asyncio.to_thread(ended.look)
        await asyncio.sleep(0)
        assert not served.done()
        with platform.database.connection() as conn:
            conn.execute("UPDATE sessions SET expires_at = now() WHERE session_hash = %s", [session])
        await asyncio.to_thread(ended.look)
        await asyncio.wait_for(served, PATIENCE_S)

    async def for_ever(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def nothing() -> Message:
        return {}

    async def keep(message: Message) -> None:
        sent.append(message)

    asyncio.run(story())

    assert [message["code"] for message in sent] == [SIGNED_OUT]
