"""What every route takes from the request: who asks, and where things are."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import Request

from apps.api.sign_in import Caller, Sessions, Visit
from apps.api.sockets import OpenSockets
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database


def caller_of(request: Request) -> Caller:
    """Who makes the request; the gate has looked."""
    caller: Caller = request.state.caller
    return caller


def is_still_let_in(request: Request) -> bool:
    """Whether the session or token of the request counts by now. Blocking; for answers that go on for long."""
    return request.state.recognise() is not None


def actor_of(request: Request) -> Actor:
    """The account that makes the request. Only behind rules that want one."""
    caller = caller_of(request)
    assert caller.user_id is not None, "the gate lets no visitor through"  # noqa: S101 - for the type checker
    return Actor(caller.user_id, caller.name, caller.role, visit_of(request).address)


def visit_of(request: Request) -> Visit:
    """Where the request comes from."""
    address = request.client.host if request.client else ""
    return Visit(address, request.headers.get("user-agent", ""))


def sessions_of(request: Request) -> Sessions:
    """Opens and ends sessions."""
    sessions: Sessions = request.app.state.sessions
    return sessions


def close_sockets(request: Request, sessions: Iterable[bytes]) -> None:
    """End the websockets of sessions that are over, given by their hashes."""
    sockets: OpenSockets = request.app.state.sockets
    for session in sessions:
        sockets.close(session)


def database_of(request: Request) -> Database:
    """The pool of this replica."""
    database: Database = request.app.state.database
    return database


def home_of(request: Request) -> Home:
    """The data folder of the machine that serves."""
    home: Home = request.app.state.home
    return home
