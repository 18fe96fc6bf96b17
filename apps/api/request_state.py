"""What every route takes from the request: who asks, and where things are."""

from __future__ import annotations

from fastapi import Request

from apps.api.sign_in import Caller
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database


def caller_of(request: Request) -> Caller:
    """Who makes the request; the gate has looked."""
    caller: Caller = request.state.caller
    return caller


def database_of(request: Request) -> Database:
    """The pool of this replica."""
    database: Database = request.app.state.database
    return database


def home_of(request: Request) -> Home:
    """The data folder of the machine that serves."""
    home: Home = request.app.state.home
    return home
