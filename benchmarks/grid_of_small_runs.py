"""P8: a grid of 48 small runs, against the same fits in a plain loop and against stock Ray Tune."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from apps.platform import Platform, PlatformOptions
from benchmarks import plain_fits
from benchmarks.report import Figure
from benchmarks.timing import seconds
from nntracker_ray.following import follow_experiment
from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.server import EmbeddedServer
from nntracker_ray.submission import prepare, submit

PROCESSES = 2
STOCK_TRIALS = 8  # each pays for its own process, so that eight show what 48 would cost
ROUNDS = 2
SETTLE_S = 15.0  # until the platform's warm-up has passed


def measure() -> list[Figure]:
    """Platform and plain loop in turn, both warm; then stock Tune."""
    with tempfile.TemporaryDirectory() as folder:
        ours_s, plain_s = _platform_and_loop(Path(folder))
        stock_s = _stock_tune()
    runs = len(plain_fits.POINTS)
    ratios = [ours / plain for ours, plain in zip(ours_s, plain_s, strict=True)]
    pairs = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    detail = f"{np.median(ours_s):.1f} s against {np.median(plain_s):.1f}; pairs {pairs}"
    per_run, per_stock = float(np.median(ours_s)) / runs, stock_s / STOCK_TRIALS
    return [
        Figure(
            "P8",
            f"{runs} small runs against a plain loop over {PROCESSES} processes, both warm",
            float(np.median(ratios)),
            "x plain loop",
            1.25,
            at_most=True,
            detail=detail,
        ),
        Figure(
            "P8",
            "the same, a run, against stock Ray Tune with a fresh process per trial",
            per_run / per_stock,
            "x stock Tune",
            0.4,
            at_most=True,
            detail=f"{per_run:.2f} s a run against {per_stock:.2f} ({STOCK_TRIALS} trials, {PROCESSES} at once)",
        ),
    ]


def _spawn() -> multiprocessing.context.SpawnContext:
    return multiprocessing.get_context("spawn")


def _warm(pool: ProcessPoolExecutor) -> None:
    """Have every process of the pool load TensorFlow: a loop's second fit costs what its tenth does."""
    warm: set[int] = set()
    while len(warm) < PROCESSES:
        warm |= set(pool.map(plain_fits.prepare_once, range(PROCESSES * 2)))


def _platform_and_loop(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of the whole grid, ours and plain, each round with seeds of its own."""
    home, ours_s, plain_s = Home(folder / "home"), list[float](), list[float]()
    home.root.mkdir()
    options = PlatformOptions(web=False, dashboard=False, cpus=PROCESSES)
    try:
        with ProcessPoolExecutor(PROCESSES, _spawn()) as pool, Platform(home, options) as platform:
            if platform.database is None:
                raise RuntimeError("the platform has no database")
            _warm(pool)
            time.sleep(SETTLE_S)
            for seed in range(ROUNDS):
                plain_s.append(seconds(lambda: list(pool.map(plain_fits.fit, plain_fits.POINTS))))
                ours_s.append(_run_grid(home, platform.database, _experiment_in(folder, seed)))
    finally:
        EmbeddedServer(home).destroy()
    return ours_s, plain_s


def _run_grid(home: Home, database: Database, experiment: Path) -> float:
    """Seconds from the submission to the last finished run, on a platform that has been up for a while."""
    with database.connection() as conn:
        owner_id = writes.ensure_local_account(conn)
    prepared = prepare(experiment, home=home, owner_id=owner_id)
    began = time.perf_counter()
    experiment_id = submit(database, prepared, owner_id=owner_id)
    runs = list(follow_experiment(database, viewer_id=owner_id, experiment_id=experiment_id))[-1]
    took = time.perf_counter() - began
    if {run.state for run in runs} != {RunState.FINISHED} or len(runs) != len(plain_fits.POINTS):
        raise RuntimeError(f"not every run finished: {[(run.name, run.state) for run in runs]}")
    return took


def _experiment_in(folder: Path, seed: int) -> Path:
    x, y = plain_fits.digits()
    np.savez(folder / "digits.npz", x=x, y=y)
    (folder / "model.json").write_text(json.dumps(plain_fits.MODEL))
    path = folder / "experiment.json"
    path.write_text(json.dumps(plain_fits.experiment() | {"seed": seed}))
    return path


def _stock_tune() -> float:
    """Seconds of a few trials in Ray Tune as its documentation shows it: a function, a process each."""
    os.environ["RAY_CHDIR_TO_TRIAL_DIR"] = "0"
    import ray
    from ray import tune

    def train(config: dict[str, int]) -> None:
        tune.report({"loss": plain_fits.prepare_and_fit(config["number"])})

    ray.init(
        address="local",
        num_cpus=PROCESSES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            tuner = tune.Tuner(
                tune.with_resources(train, {"cpu": 1}),
                param_space={"number": tune.grid_search(list(range(STOCK_TRIALS)))},
                run_config=tune.RunConfig(storage_path=folder, verbose=0),
            )
            return seconds(tuner.fit)
    finally:
        ray.shutdown()
