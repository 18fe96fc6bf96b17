"""What of the cluster is in use, as Ray's own dashboard says it; asked over HTTP, so that Ray need not be loaded."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from apps.ray_token import token_header
from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform

TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class InUse:
    """One kind of hardware."""

    used: float
    total: float


def ray_resources(home: Home) -> dict[str, InUse] | None:
    """CPU and GPU in use and in all, by Ray's name; None when no Ray answers."""
    info = running_platform(home)
    if info is None or info.dashboard is None:
        return None
    try:
        url = f"{info.dashboard}/api/cluster_status"
        answer = httpx.get(url, headers=token_header(info), timeout=TIMEOUT_S)
        usage = answer.raise_for_status().json()["data"]["clusterStatus"]["loadMetricsReport"]["usage"]
        return {name: InUse(*map(float, usage[name])) for name in ("CPU", "GPU") if name in usage}
    except (httpx.HTTPError, OSError, KeyError, TypeError, ValueError):
        return None
