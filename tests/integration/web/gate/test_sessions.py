"""Sessions, links and headers as the gate keeps them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from apps.api.sign_in import make_login_link
from nntracker_ray.accounts.secrets import secret_hash
from nntracker_ray.storage import session_writes, writes
from nntracker_ray.storage.connection import Database
from tests.integration.web.gate.callers import UNKNOWN_RUN, cookie_header


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
