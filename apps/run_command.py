"""`nntracker run`: check, queue and follow one experiment, on a running platform or on one of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.text import Text

from apps.opened_platform import is_of, open_api
from apps.platform import Platform, PlatformOptions
from apps.results import print_results, result_object
from nntracker_ray.client.api import Api
from nntracker_ray.client.following import follow_experiment
from nntracker_ray.client.reading import experiment_rows
from nntracker_ray.client.recorded import fold_summary
from nntracker_ray.client.submitting import submit_experiment
from nntracker_ray.errors import NNTrackerError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import await_platform, is_kept_up
from nntracker_ray.progress_bars import RunBars
from nntracker_ray.records import RunRow, RunState
from nntracker_ray.states import at_rest

EXIT_OK, EXIT_FAILED = 0, 1


def run_experiment(home: Home, config: Path, *, model: Path | None, as_json: bool) -> int:
    """Do the job and print its outcome. Returns: the process's exit code."""
    err = Console(stderr=True)
    with open_api(home) as api:
        with err.status("reading the experiment") as status:
            experiment_id = submit_experiment(api, config, home=home, model=model, report=status.update)
        runs = experiment_rows(api, experiment_id)
        if not all(at_rest(run) for run in runs):
            with _platform(api, home, err) as require_alive:
                runs = _follow(api, runs, err, require_alive)
        _print_outcome(api, runs, as_json=as_json)
    return EXIT_OK if all(run.state is RunState.FINISHED for run in runs) else EXIT_FAILED


@contextmanager
def _platform(api: Api, home: Home, err: Console) -> Iterator[Callable[[], None]]:
    """A platform to run on: the one that is there, or our own. Yields a check that it still is."""
    if not is_of(api, home):
        err.print(f"following it at {api.url}", style="dim")
        yield lambda: None
        return
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


def _follow(api: Api, runs: list[RunRow], err: Console, require_alive: Callable[[], None]) -> list[RunRow]:
    changes = follow_experiment(api, experiment_id=runs[0].experiment_id, on_silence=require_alive)
    with RunBars(runs[0].experiment, console=err) as bars:
        for current in changes:
            bars.show(current)
            runs = current
    return runs


def _print_outcome(api: Api, runs: list[RunRow], *, as_json: bool) -> None:
    if as_json:
        rates = {run.run_id: effective_learning_rate(api, run.run_id) for run in runs}
        print(json.dumps(result_object(runs, rates), indent=2, allow_nan=False))
        return
    print_results(Console(), runs, fold_summary(api, runs[0].experiment_id))


def effective_learning_rate(api: Api, run_id: UUID) -> float | None:
    """The rate that the run's optimizer really had, None before its first step."""
    rate = api.get(f"/api/runs/{run_id}/facts").get("effective_learning_rate")
    if rate is not None and not isinstance(rate, int | float):
        raise NNTrackerError(f"the learning rate recorded for run {run_id} is not a number: {rate!r}")
    return rate
