"""P9, P15, R3: how soon a submitted run trains, how soon a pause is in effect, and what twenty pauses change."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from apps.platform import Platform, PlatformOptions
from benchmarks import plain_fits
from benchmarks.report import Figure
from nntracker_ray import control
from nntracker_ray.checkpoints.archive import read_archive
from nntracker_ray.commands import Selection, Verb
from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.server import EmbeddedServer
from nntracker_ray.submission import prepare, submit

SETTLE_S = 15.0  # until the platform's warm-up has passed
SUBMISSIONS = 15
PAUSES = 20
TIMES = ("epoch_time", "elapsed_time")  # differ from run to run


@dataclass(frozen=True)
class Bench:
    """A warm platform and an experiment on it."""

    home: Home
    database: Database
    owner_id: UUID
    folder: Path

    def submit(self, **changes: Any) -> UUID:
        """Queue one run, as `nntracker run` does, its checks included."""
        path = self.folder / "experiment.json"
        path.write_text(json.dumps(_experiment() | changes))
        prepared = prepare(path, home=self.home, owner_id=self.owner_id)
        submit(self.database, prepared, owner_id=self.owner_id)
        return prepared.runs[0].run_id

    def command(self, verb: Verb, run_id: UUID) -> None:
        """Ask something of the run."""
        asked = Selection(run_ids=(run_id,))
        control.command(
            self.database, self.home, actor_id=self.owner_id, by="bench", verb=verb, selection=asked
        )

    def moments(self, run_id: UUID, state: RunState) -> list[float]:
        """When the run came into a state, each time, in seconds since the epoch."""
        with self.database.connection() as conn:
            changes = queries.state_changes(conn, viewer_id=self.owner_id, run_id=run_id)
        return [
            time_.timestamp()
            for said, time_ in zip(changes["state"], changes["time"], strict=True)
            if said == state
        ]

    def await_moments(self, run_id: UUID, state: RunState, count: int) -> list[float]:
        """Wait until the run has come into a state so often, or is over."""
        while len(moments := self.moments(run_id, state)) < count:
            if self.moments(run_id, RunState.FINISHED) or self.moments(run_id, RunState.FAILED):
                break
            time.sleep(0.02)
        return moments

    def values(self, run_id: UUID) -> set[tuple[Any, ...]]:
        """Every value measured, times left out, as bits."""
        with self.database.connection() as conn:
            found = queries.learning_curves(conn, viewer_id=self.owner_id, run_ids=[run_id])
        rows = zip(found["metric"], found["epoch"], found["step"], found["value"], strict=True)
        return {
            (name, epoch, step, float(value).hex()) for name, epoch, step, value in rows if name not in TIMES
        }

    def state_at_end(self, run_id: UUID) -> dict[str, bytes]:
        """Weights, optimizer and generators of the last checkpoint."""
        _, arrays = read_archive(self.home.checkpoints / str(run_id) / "last.ckpt")
        return {name: array.tobytes() for name, array in arrays.items()}


def measure() -> list[Figure]:
    """On one platform: submissions, then one run paused again and again beside its undisturbed twin."""
    with _bench() as bench:
        first_steps = [_seconds_to_first_step(bench, seed) for seed in range(SUBMISSIONS)]
        latencies, batch_s, differing = _pauses(bench)
    return [
        Figure(
            "P9",
            "from `run` to the first training step, warm platform (median)",
            float(np.median(first_steps)),
            "s",
            1.5,
            at_most=True,
            detail=f"{len(first_steps)} submissions, {min(first_steps):.2f} to {max(first_steps):.2f} s",
        ),
        Figure(
            "P15",
            "pause: from the command to `paused`, checkpoint on disk and all records acknowledged (p95)",
            float(np.percentile(latencies, 95)) * 1e3,
            "ms",
            batch_s * 1e3 + 250.0,
            at_most=True,
            detail=f"{len(latencies)} pauses, median {np.median(latencies) * 1e3:.0f} ms; "
            f"a batch takes {batch_s * 1e3:.1f} ms",
        ),
        Figure(
            "R3",
            f"values and arrays that {len(latencies)} pauses at random batches have changed",
            differing,
            "of all",
            0,
            at_most=True,
            detail="metrics, weights, optimizer, generators against the undisturbed run",
        ),
    ]


@contextmanager
def _bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = Home(folder / "home").create()
        x, y = plain_fits.digits()
        np.savez(folder / "digits.npz", x=x, y=y)
        (folder / "model.json").write_text(json.dumps(plain_fits.MODEL))
        try:
            with Platform(home, PlatformOptions(web=False, dashboard=False, cpus=2)) as platform:
                if platform.database is None:
                    raise RuntimeError("the platform has no database")
                with platform.database.connection() as conn:
                    owner_id = writes.ensure_local_account(conn)
                time.sleep(SETTLE_S)
                yield Bench(home, platform.database, owner_id, folder)
        finally:
            EmbeddedServer(home).destroy()


def _experiment() -> dict[str, Any]:
    """One run of the small model."""
    grid = plain_fits.experiment()
    first = {key: grid[key][:1] for key in ("optimizers", "learning_rates")}
    return {key: value for key, value in grid.items() if key not in ("k-fold_validation", "repeats")} | first


def _seconds_to_first_step(bench: Bench, seed: int) -> float:
    began = time.time()
    run_id = bench.submit(name="first step", seed=seed, total_epochs=2)
    began_training = bench.await_moments(run_id, RunState.RUNNING, 1)[0]
    bench.await_moments(run_id, RunState.FINISHED, 1)
    return began_training - began


def _pauses(bench: Bench) -> tuple[list[float], float, int]:
    """Seconds of each pause, seconds of a batch, and how many values and arrays differ from the twin's."""
    epochs = 400
    long = {"seed": 5, "total_epochs": epochs, "epoch_period": epochs}
    chance = random.Random(3)  # noqa: S311 (not a secret)
    run_id = bench.submit(name="paused", **long)
    latencies: list[float] = []
    for number in range(1, PAUSES + 1):
        bench.await_moments(run_id, RunState.RUNNING, number)
        time.sleep(chance.uniform(0.2, 1.0))
        asked = time.time()
        bench.command(Verb.PAUSE, run_id)
        paused = bench.await_moments(run_id, RunState.PAUSED, number)
        if len(paused) < number:
            break
        latencies.append(paused[-1] - asked)
        bench.command(Verb.RESUME, run_id)
    bench.await_moments(run_id, RunState.FINISHED, 1)
    twin = bench.submit(name="twin", **long)
    began = bench.await_moments(twin, RunState.RUNNING, 1)[0]
    took_s = bench.await_moments(twin, RunState.FINISHED, 1)[0] - began
    steps = max(step for _, _, step, _ in bench.values(twin))
    mine, other = bench.state_at_end(run_id), bench.state_at_end(twin)
    arrays = sum(mine.get(name) != other.get(name) for name in mine.keys() | other.keys())
    return latencies, took_s / steps, len(bench.values(run_id) ^ bench.values(twin)) + arrays
