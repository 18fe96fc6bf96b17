"""What must hold before a platform works on a Ray cluster that others have started."""

from __future__ import annotations

from typing import Any

from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import ENVIRONMENT_VARIABLE as DATABASE_URL
from nntracker_ray.storage.connection import FILE_VARIABLE

ANSWER_TIMEOUT_S = 30.0


def require_fit_cluster(home: Home, *, embedded_database: bool) -> None:
    """Check the cluster that this process is connected to.

    Raises: PlatformError: Another platform is at work on it, or a node could not reach the database.
    """
    import ray

    _require_own_manager(home)
    machines = sorted({node["NodeManagerHostname"] for node in ray.nodes() if node["Alive"]})
    if embedded_database and len(machines) > 1:
        raise PlatformError(
            f"this Ray has {len(machines)} machines ({', '.join(machines[:5])}), and the embedded database answers on "
            f"one alone; name a database that all reach with {DATABASE_URL} or {FILE_VARIABLE}"
        )


def _require_own_manager(home: Home) -> None:
    """A run manager left by a platform of this data folder that was killed is taken over; another one's is not ours."""
    import ray

    from actors.metrics_writer import NAMESPACE
    from actors.run_manager import NAME

    try:
        manager: Any = ray.get_actor(NAME, namespace=NAMESPACE)
        folder = ray.get(manager.data_folder.remote(), timeout=ANSWER_TIMEOUT_S)
    except (ValueError, ray.exceptions.RayActorError):
        return
    except ray.exceptions.GetTimeoutError:
        raise PlatformError(
            f"a run manager is on this Ray and does not answer within {ANSWER_TIMEOUT_S:g} s; try again"
        ) from None
    if folder != str(home.root):
        raise PlatformError(
            f"another platform works on this Ray, with the data folder {folder}; a Ray has one platform: "
            "submit to that one, or start a Ray of your own (without RAY_ADDRESS)"
        )
