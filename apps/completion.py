"""What a shell offers at the TAB key: names from the database, quickly, and nothing at all when it is away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nntracker_ray.home import Home

if TYPE_CHECKING:
    from nntracker_ray.storage.finding_queries import Kind

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
    from nntracker_ray.storage.connection import Database, resolve_dsn
    from nntracker_ray.storage.finding_queries import known_names
    from nntracker_ray.storage.writes import ensure_local_account

    database = Database(resolve_dsn(home), application="nntracker completion", max_size=1)
    try:
        with database.connection() as conn:
            owner_id = ensure_local_account(conn)
            return known_names(conn, viewer_id=owner_id, kind=kind, start=start, few=MOST)
    finally:
        database.close()


def _home(ctx: typer.Context) -> Home:
    chosen = ctx.params.get("home")
    return Home(Path(str(chosen)).expanduser().resolve()) if chosen else Home.default()
