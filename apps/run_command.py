"""`nntracker run`: check, queue and follow one experiment, on a running platform or on one of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.text import Text

from apps.opened_database import open_database
from apps.platform import Platform, PlatformOptions
from apps.results import print_results, result_object
from nntracker_ray.errors import NNTrackerError, PlatformError
from nntracker_ray.following import at_rest, experiment_runs, follow_experiment
from nntracker_ray.home import Home
from nntracker_ray.platform_file import await_platform, is_kept_up
from nntracker_ray.progress_bars import RunBars
from nntracker_ray.records import RunRow, RunState
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.submission import prepare, submit

EXIT_OK, EXIT_FAILED = 0, 1


def run_experiment(home: Home, config: Path, *, model: Path | None, as_json: bool) -> int:
    """Do the job and print its outcome. Returns: the process's exit code."""
    err = Console(stderr=True)
    with open_database(home) as database:
        with database.connection() as conn:
            owner_id = writes.ensure_local_account(conn)
        with err.status("reading the experiment") as status:
            prepared = prepare(config, home=home, owner_id=owner_id, model=model, report=status.update)
        experiment_id = submit(database, prepared, owner_id=owner_id)
        runs = experiment_runs(database, viewer_id=owner_id, experiment_id=experiment_id)
        if not all(at_rest(run) for run in runs):
            with _platform(home, err) as require_alive:
                runs = _follow(database, owner_id, runs, err, require_alive)
        _print_outcome(database, owner_id, runs, as_json=as_json)
    return EXIT_OK if all(run.state is RunState.FINISHED for run in runs) else EXIT_FAILED


@contextmanager
def _platform(home: Home, err: Console) -> Iterator[Callable[[], None]]:
    """A platform to run on: the one that is there, or our own. Yields a check that it still is."""
    joined = await_platform(home, report=lambda line: err.print(Text(line, style="dim")))
    if joined is not None:
        err.print(f"joining the platform of process {joined.pid}", style="dim")
        yield lambda: _require_running(home)
        return
    with err.status("starting a platform for this job") as status:
        platform = Platform(home, PlatformOptions(web=False, dashboard=False), report=status.update)
        platform.__enter__()
    try:
        yield lambda: None
    finally:
        with err.status("stopping"):
            platform.__exit__(None, None, None)


def _require_running(home: Home) -> None:
    if not is_kept_up(home):
        raise PlatformError(
            "the platform went away while the experiment ran; nothing is lost: "
            "`nntracker start`, or this command again, goes on where it stopped"
        )


def _follow(
    database: Database, viewer_id: UUID, runs: list[RunRow], err: Console, require_alive: Callable[[], None]
) -> list[RunRow]:
    changes = follow_experiment(
        database, viewer_id=viewer_id, experiment_id=runs[0].experiment_id, on_silence=require_alive
    )
    with RunBars(runs[0].experiment, console=err) as bars:
        for current in changes:
            bars.show(current)
            runs = current
    return runs


def _print_outcome(database: Database, viewer_id: UUID, runs: list[RunRow], *, as_json: bool) -> None:
    if as_json:
        rates = {run.run_id: effective_learning_rate(database, viewer_id, run.run_id) for run in runs}
        print(json.dumps(result_object(runs, rates), indent=2, allow_nan=False))
        return
    with database.connection() as conn:
        summary = queries.fold_summary(conn, viewer_id=viewer_id, experiment_id=runs[0].experiment_id)
    print_results(Console(), runs, summary)


def effective_learning_rate(database: Database, viewer_id: UUID, run_id: UUID) -> float | None:
    """The rate that the run's optimizer really had, None before its first step."""
    with database.connection() as conn:
        rate = queries.run_facts(conn, viewer_id=viewer_id, run_id=run_id).get("effective_learning_rate")
    if rate is not None and not isinstance(rate, int | float):
        raise NNTrackerError(f"the learning rate recorded for run {run_id} is not a number: {rate!r}")
    return rate
