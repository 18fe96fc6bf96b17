"""What pages need of the process that serves them."""

from __future__ import annotations

from dataclasses import dataclass

from apps.dashboard.live import LiveFeed
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database


@dataclass(frozen=True, slots=True)
class Platform:
    """One replica's database pool, data folder and news of runs."""

    database: Database
    home: Home
    feed: LiveFeed
