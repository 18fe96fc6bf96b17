"""Websockets of pages: let in and closed as the gate says, asked by real clients."""

from __future__ import annotations

import base64
import re
import zlib

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from apps.api.access import RULES, WEBSOCKET
from nntracker_ray.storage.connection import Database
from tests.integration.web.gate.callers import UNKNOWN_RUN, cookie_header, open_socket, page_token, sign_in

SOCKET_RULES = [rule for rule in RULES if rule.method == WEBSOCKET]


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


def test_a_page_token_holds_no_cookie(address: str, signed_in: httpx.Client):
    """The token stands in the page's source: a script there must not find the session in it."""
    payload = page_token(signed_in, "/").split(".")[0]
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode("latin-1")

    (secret,) = signed_in.cookies.values()
    assert secret not in raw
    inner = re.search(r'"__bk__zlib_":\s*"([^"]+)"', raw)
    assert inner is not None
    unpacked = zlib.decompress(base64.urlsafe_b64decode(inner[1] + "=" * (-len(inner[1]) % 4))).decode()
    assert secret not in unpacked
    assert "nntracker_session" not in unpacked
