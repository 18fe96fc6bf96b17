"""The whole web application, built by one function: under Ray Serve in each replica, under uvicorn in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from apps.api import checkpoints, commands, experiments, run_details, runs, session_routes
from apps.api.gate import Gate
from apps.api.plain_pages import ASSETS
from apps.api.private_files import page_secret
from apps.api.problems import answer_with_problems
from apps.api.sign_in import Sessions
from apps.api.sockets import OpenSockets
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
    from apps.dashboard.live import LiveFeed

    database = Database(settings.dsn, max_size=POOL_SIZE, application="nntracker web")
    feed = LiveFeed(database)
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
    app.state.sessions = Sessions(database)
    app.state.sockets = OpenSockets()
    _add_routes(app)
    add_pages(app, database=database, feed=feed, secret=page_secret(settings.home))
    app.add_middleware(
        Gate, sessions=app.state.sessions, sockets=app.state.sockets, public_origins=settings.public_origins
    )
    return app


def _closing(database: Database) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    return lifespan


def _add_routes(app: FastAPI) -> None:
    app.include_router(session_routes.router)
    for routes in (experiments, runs, run_details, checkpoints, commands):
        app.include_router(routes.router)
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    answer_with_problems(app)
