"""What a shell offers at the TAB key: names from the database, quickly, and nothing at all when it is away."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer

from nntracker_ray.home import Home

Kind = Literal["run", "experiment", "tag"]
MOST = 50


def complete_runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of runs, the newest first."""
    return _names(ctx, "run", incomplete)


def complete_experiments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of experiments, the newest first."""
    return _names(ctx, "experiment", incomplete)


def complete_tags(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tags, the newest first."""
    return _names(ctx, "tag", incomplete)


def complete_states(incomplete: str) -> list[str]:
    """States of a run."""
    from nntracker_ray.records import RunState

    return [state.value for state in RunState if state.value.startswith(incomplete)]


def _names(ctx: typer.Context, kind: Kind, start: str) -> list[str]:
    try:
        return _ask(_home(ctx), kind, start)
    except Exception:  # a message in the middle of somebody's command line helps nobody
        return []


def _ask(home: Home, kind: Kind, start: str) -> list[str]:
    from apps.opened_platform import has_running_database, open_api
    from nntracker_ray.client.places import find_place

    # To start a database for a name would take seconds.
    if find_place(home) is None and not has_running_database(home):
        return []
    with open_api(home) as api:
        names: list[str] = api.get("/api/names", kind=kind, start=start, limit=MOST)["names"]
        return names


def _home(ctx: typer.Context) -> Home:
    chosen = ctx.params.get("home")
    return Home(Path(str(chosen)).expanduser().resolve()) if chosen else Home.default()
