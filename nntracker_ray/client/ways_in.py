"""The functions that notebooks begin with: those of `Client`, for the platform that is at hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from nntracker_ray.client.api import Api
from nntracker_ray.client.connected import Client
from nntracker_ray.client.many_runs import Experiment, Runs
from nntracker_ray.client.one_run import Run
from nntracker_ray.client.places import find_place, place
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import await_platform


def connect(url: str | None = None, token: str | None = None, *, home: Home | None = None) -> Client:
    """A platform.

    Args:
        url: Of its web app: "https://tracker.example". None: as `NNTRACKER_URL` and `NNTRACKER_TOKEN` say, else the
            platform that runs on the data folder, else the one that `nntracker login` has remembered.
        token: An API token of an account there.
        home: The data folder; the usual one if None.
    Raises: PlatformError: None is known, or no token for it.
    """
    if url is not None:
        return Client(Api(place(url, token)))
    found = find_place(home or Home.default())
    if found is None:
        raise PlatformError(
            f"no platform with a web app runs on {(home or Home.default()).root}; `nntracker start` starts one, and "
            "`nntracker login URL` or NNTRACKER_URL name one elsewhere"
        )
    return Client(Api(found))


def submit(
    experiment: Path | str | Mapping[str, Any], *, model: Path | str | None = None, home: Home | None = None
) -> Experiment:
    """Queue an experiment; a platform is started in the background if none runs. Arguments as of `Client.submit`.

    Raises: ConfigError: Every problem of the experiment, its data and its model.
    """
    home = home or Home.default()
    if find_place(home) is None:
        ensure_platform(home)
    return connect(home=home).submit(experiment, model=model, home=home)


def runs(*, limit: int = 1000) -> pd.DataFrame:
    """The newest runs: one row each, with state, progress and last values."""
    return connect().runs(limit=limit)


def experiment(word: UUID | str) -> Experiment:
    """An experiment by its id, the beginning of it, or its name. Errors as of `Client.experiment`."""
    return connect().experiment(word)


def run(word: UUID | str | int) -> Run:
    """A run by its number, its name, its id, or the beginning of that. Errors as of `Client.run`."""
    return connect().run(word)


def select(
    *words: UUID | str | int,
    tag: str | None = None,
    experiment: UUID | str | None = None,
    state: str | Sequence[str] | None = None,
) -> Runs:
    """Runs to act on at once: `select(tag="nightly", state="failed").resume()`. Arguments as of `Client.select`."""
    return connect().select(*words, tag=tag, experiment=experiment, state=state)


def sql(text: str, *, max_rows: int = 100_000) -> pd.DataFrame:
    """The result of one read-only SQL statement, on the database of this machine's data folder.

    Raises: QueryError: it is not one, or ran past its limits.
    """
    # The one door past REST: SQL sees everybody's runs, and is for those who are at the machine anyway.
    from nntracker_ray.storage.connection import resolve_dsn
    from nntracker_ray.storage.read_only import read_only_sql

    result = read_only_sql(resolve_dsn(Home.default()), text, max_rows=max_rows)
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
