"""The whole web application, built by one function: under Ray Serve in each replica, under uvicorn in tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from apps.api import (
    archives,
    captures,
    checkpoints,
    commands,
    comparisons,
    datasets,
    deletions,
    events,
    experiments,
    finding,
    introspection,
    models,
    own_account,
    people,
    queue,
    recorded,
    reports,
    run_details,
    run_files,
    runs,
    session_routes,
    sharing,
    submissions,
    tags,
)
from apps.api.ended_sessions import EndedSessions
from apps.api.etags import Etags
from apps.api.examples import describe_with_examples
from apps.api.gate import Gate
from apps.api.mishaps import Mishaps
from apps.api.plain_pages import ASSETS
from apps.api.private_files import page_secret
from apps.api.problems import answer_for_tornado, answer_with_problems
from apps.api.repetitions import Repetitions
from apps.api.sign_in import Sessions
from apps.api.sockets import OpenSockets
from apps.dashboard.live import LiveFeed
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database

POOL_SIZE = 8  # connections of one replica


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What a web server must know."""

    home: Home
    dsn: str
    # {"https://tracker.example"}; loopback names need no listing.
    public_origins: frozenset[str] = frozenset()


def build_app(settings: WebSettings) -> FastAPI:
    """Gate, REST, sign-in and pages in one ASGI application. Connects to nothing before the first request."""
    from apps.dashboard.app import add_pages
    from apps.dashboard.serving import Platform

    app = _rest(settings, Sessions)
    state = app.state
    state.sockets.watched_by(EndedSessions(state.database, state.sockets).watch)
    platform = Platform(state.database, settings.home, state.feed)
    add_pages(app, platform=platform, secret=page_secret(settings.home))
    answer_for_tornado(app)
    return _behind_gate(app, settings)


def build_rest(settings: WebSettings, sessions: Callable[[Database], Sessions]) -> FastAPI:
    """The same without pages, which take seconds to load.

    Args:
        sessions: Who is let in, and how they are known.
    """
    return _behind_gate(_rest(settings, sessions), settings)


def _rest(settings: WebSettings, sessions: Callable[[Database], Sessions]) -> FastAPI:
    database = Database(settings.dsn, max_size=POOL_SIZE, application="nntracker web", locked=True)
    app = FastAPI(
        title="NNTracker",
        version="1",
        docs_url=None,  # the stock page loads its scripts from another host
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_closing(database),
    )
    app.state.database = database
    app.state.home = settings.home
    app.state.sessions = sessions(database)
    app.state.sockets = OpenSockets()
    app.state.feed = LiveFeed(database)
    app.state.listening = Counter[UUID]()
    _add_routes(app)
    describe_with_examples(app)
    return app


def _behind_gate(app: FastAPI, settings: WebSettings) -> FastAPI:
    app.add_middleware(Etags)
    app.add_middleware(Repetitions, database=app.state.database)
    app.add_middleware(
        Gate, sessions=app.state.sessions, sockets=app.state.sockets, public_origins=settings.public_origins
    )
    app.add_middleware(Mishaps)
    return app


def _closing(database: Database) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    return lifespan


def _add_routes(app: FastAPI) -> None:
    app.include_router(session_routes.router)
    for routes in (
        experiments,
        sharing,
        runs,
        tags,
        recorded,
        captures,
        introspection,
        run_files,
        archives,
        comparisons,
        finding,
        events,
        deletions,
        reports,
        queue,
        run_details,
        checkpoints,
        commands,
        own_account,
        people,
        datasets,
        models,
        submissions,
    ):
        app.include_router(routes.router)
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    answer_with_problems(app)
