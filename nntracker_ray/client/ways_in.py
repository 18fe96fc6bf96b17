"""The functions that notebooks begin with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from nntracker_ray import submission
from nntracker_ray.client import frames
from nntracker_ray.client.many_runs import Experiment, Runs
from nntracker_ray.client.one_run import Run
from nntracker_ray.commands import Selection, parse_states, require_parts
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import await_platform
from nntracker_ray.session import Session
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import resolve_dsn


def submit(
    experiment: Path | str | Mapping[str, Any], *, model: Path | str | None = None, home: Home | None = None
) -> Experiment:
    """Queue an experiment; a platform is started in the background if none runs.

    Args:
        experiment: Path of a JSON or YAML file, or the same as a mapping.
        model: File with Keras model JSON when the experiment names none.
    Raises: ConfigError: Every problem of the experiment, its data and its model.
    """
    home = home or Home.default()
    ensure_platform(home)
    session = Session.open(home)
    source = experiment if isinstance(experiment, Mapping) else Path(experiment)
    prepared = submission.prepare(source, home=home, owner_id=session.user_id, model=model)
    return Experiment(session, submission.submit(session.database, prepared, owner_id=session.user_id))


def runs(*, limit: int = 1000) -> pd.DataFrame:
    """The newest runs: one row each, with state, progress and last values."""
    session = Session.open()
    with session.database.connection() as conn:
        rows = queries.list_runs(conn, viewer_id=session.user_id, limit=limit)
    return pd.DataFrame([frames.flat(row) for row in rows])


def experiment(word: UUID | str) -> Experiment:
    """An experiment by its id, the beginning of it, or its name.

    Raises: NotFoundError: there is none. BadInputError: there are several; the message lists them.
    """
    session = Session.open()
    with session.database.connection() as conn:
        found = queries.experiment_called(conn, viewer_id=session.user_id, word=str(word))
    return Experiment(session, found)


def run(word: UUID | str | int) -> Run:
    """A run by its number, its name, its id, or the beginning of that.

    Raises: NotFoundError: there is none. BadInputError: there are several; the message lists them.
    """
    session = Session.open()
    with session.database.connection() as conn:
        found = queries.run_called(conn, viewer_id=session.user_id, word=str(word))
    return Run.of(session, found)


def select(
    *words: UUID | str | int,
    tag: str | None = None,
    experiment: UUID | str | None = None,
    state: str | Sequence[str] | None = None,
) -> Runs:
    """Runs to act on at once: `select(tag="nightly", state="failed").resume()`.

    Args:
        words: Runs by number, name, id, or the beginning of an id.
        experiment: Name or id.
        state: Only runs in this state, or in one of these, when the verb is said.
    Raises: NotFoundError, BadInputError: A word means no run, or several; nothing was chosen.
    """
    states = [state] if isinstance(state, str) else list(state or ())
    session = Session.open()
    with session.database.connection() as conn:
        named = [queries.run_called(conn, viewer_id=session.user_id, word=str(word)) for word in words]
        of = experiment and queries.experiment_called(conn, viewer_id=session.user_id, word=str(experiment))
    chosen = Selection(tuple(dict.fromkeys(named)), of or None, tag, parse_states(states))
    require_parts(chosen)
    return Runs(session, chosen)


def sql(text: str, *, max_rows: int = 100_000) -> pd.DataFrame:
    """The result of one read-only SQL statement. Raises: QueryError: it is not one, or ran past its limits."""
    result = queries.read_only_sql(resolve_dsn(Home.default()), text, max_rows=max_rows)
    return pd.DataFrame(result.rows, columns=list(result.columns))


def ensure_platform(home: Home) -> None:
    """Start the platform in the background unless one runs on this data folder, or is being started.

    Raises: PlatformError: It did not come up; the message says what its log says.
    """
    if await_platform(home, report=lambda line: print(line, file=sys.stderr)) is not None:
        return
    print(
        "No platform is running: starting one in the background (end it with `nntracker down`).",
        file=sys.stderr,
    )
    command = [
        sys.executable,
        "-m",
        "apps.cli",
        "start",
        "--background",
        "--no-example",
        "--home",
        str(home.root),
    ]
    ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode != 0:
        raise PlatformError(f"the platform did not start: {ended.stderr.strip() or ended.stdout.strip()}")
