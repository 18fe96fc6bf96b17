"""Callers of the gate, by real HTTP and websocket clients."""

from __future__ import annotations

import re

import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from apps.api.sign_in import make_login_link
from nntracker_ray.storage.connection import Database

UNKNOWN_RUN = "00000000-0000-0000-0000-000000000000"


def sign_in(address: str, database: Database) -> httpx.Client:
    """A client that has redeemed a one-time link."""
    client = httpx.Client(base_url=address)
    secret = make_login_link(database, address).partition("#")[2]
    answer = client.post("/session", json={"token": secret}, headers={"origin": address})
    assert answer.status_code == 204
    return client


def cookie_header(client: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def open_socket(address: str, path: str, **headers: str) -> int:
    """The status that a websocket handshake is answered with; 101 when it is let in."""
    try:
        with connect(
            address.replace("http", "ws") + path, additional_headers=headers, subprotocols=["bokeh", "x"]
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def page_token(client: httpx.Client, path: str) -> str:
    page = client.get(path).text
    found = re.search(r'"token":"([^"]+)"', page)
    assert found, page[:500]
    return found[1]
