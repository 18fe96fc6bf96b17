"""The web app on Ray Serve: one deployment, whose application is built inside its replica.

`serve run apps.serve:app` starts it on a running Ray; data folder and database come from the environment as usual.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import serve
from ray.serve.schema import ApplicationStatus

from apps.api.private_files import write_private
from apps.ports import require_free_port
from apps.web_log import keep_web_log
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.shared import shared_setting
from nntracker_ray.storage.connection import resolve_dsn

if TYPE_CHECKING:
    from fastapi import FastAPI

NAME = "nntracker"
PUBLIC_ORIGINS_VARIABLE = "NNTRACKER_PUBLIC_ORIGINS"
DSN_FILE = "web_dsn"
HEAD = {
    "node:__internal_head__": 0.001
}  # Ray's own name for the head node, where the platform's data folder is
OPEN_PAGES = 1000  # each open page holds one request for as long as it is open; Serve's default is 5
LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - asked for by NNTRACKER_WEB_HOST


def start_web(home_root: str, dsn: str, host: str = LOOPBACK, port: int = 8000) -> str:
    """Serve the web app from the Ray that this process is connected to.

    Args:
        home_root: The data folder.
        dsn: Of the database; handed over in a file that only its owner can read, never by argument or environment.
    Returns: The address: "http://127.0.0.1:8000".
    Raises: PlatformError: The port is taken, or the app does not come up; the message says why.
    """
    require_free_port(host, port)  # Serve itself goes on without a word when its port is taken
    _hand_over_dsn(Home(Path(home_root)), dsn)
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    serve.start(http_options=serve.config.HTTPOptions(host=host, port=port))
    try:
        serve.run(_application(home_root, _public_origins()), name=NAME, route_prefix="/")
    except Exception as error:
        why = _why_not()
        stop_web()
        raise PlatformError(f"the web app does not come up: {why or error}") from error
    return f"http://{LOOPBACK if host in EVERYWHERE else host}:{port}"


def stop_web() -> None:
    """End the web app and Serve."""
    serve.shutdown()


def app(_arguments: dict[str, str] | None = None) -> Any:
    """For `serve run apps.serve:app`."""
    home = Home.default()
    _hand_over_dsn(home, resolve_dsn(home))
    return _application(str(home.root), _public_origins())


def build_replica_app(home_root: str, public_origins: frozenset[str]) -> FastAPI:
    """Build the application where it runs: pages cannot be pickled."""
    from apps.api.app import WebSettings, build_app

    home = Home.on_this_node(Path(home_root))
    keep_web_log(home)
    handed_over = home.root / DSN_FILE
    # Where Serve itself places the replica, as KubeRay has it, nobody has written the file on its node.
    dsn = handed_over.read_text(encoding="utf-8") if handed_over.exists() else resolve_dsn(home)
    return build_app(WebSettings(home, dsn, public_origins))


def _application(home_root: str, public_origins: frozenset[str]) -> Any:
    # A function and not a partial: Serve would take a partial for the ASGI application itself.
    def build() -> FastAPI:
        return build_replica_app(home_root, public_origins)

    @serve.deployment(
        name="web",
        num_replicas=1,
        max_ongoing_requests=OPEN_PAGES,
        ray_actor_options={
            "num_cpus": 0,  # a tenth of a core would cost a run its whole one
            "resources": HEAD,
            **({"runtime_env": {"env_vars": shared}} if (shared := shared_setting()) else {}),
        },
    )
    @serve.ingress(build)
    class Web:
        """Everything is in the application that the ingress builds."""

    return Web.bind()  # type: ignore[attr-defined]


def _public_origins() -> frozenset[str]:
    listed = os.environ.get(PUBLIC_ORIGINS_VARIABLE, "")
    return frozenset(origin.strip().rstrip("/").lower() for origin in listed.split(",") if origin.strip())


def _hand_over_dsn(home: Home, dsn: str) -> None:
    write_private(home.create().root / DSN_FILE, dsn)


def _why_not() -> str:
    """What Serve says of the application; a failed deployment's exception says next to nothing."""
    status = serve.status().applications.get(NAME)
    if status is None or status.status is ApplicationStatus.RUNNING:
        return ""
    return "; ".join(filter(None, (status.message, *(one.message for one in status.deployments.values()))))
