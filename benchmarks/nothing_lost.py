"""R1, R2: what kills cost in time and in data, and a database that is away for a minute at full speed."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import psutil

from benchmarks.report import Figure
from tests.chaos.suite.campaign import Campaign, experiment
from tests.chaos.suite.checker import check
from tests.chaos.suite.faults import FAULTS
from tests.chaos.suite.stage import Stage, wait_for

KILLS: Final = tuple(one for one in FAULTS if one.name.endswith("killed"))
ROUNDS: Final = 2  # of every kind of kill
AWAY_S: Final = 60.0
BACK_WITHIN_S: Final = 30.0


def measure() -> list[Figure]:
    """First the kills, then the outage, each on a platform of its own."""
    return [*_kills(), *_outage()]


def _kills() -> list[Figure]:
    with _stage() as stage:
        campaign = Campaign(
            stage, seed=1, faults=ROUNDS * len(KILLS), report=lambda _: None, kinds=KILLS * ROUNDS
        )
        broken = campaign.run()
    slowest, most_s = max(campaign.back_after_s, key=lambda one: one[1])
    each = ", ".join(sorted({name for name, _ in campaign.back_after_s}))
    return [
        Figure(
            "R1", f"rules broken after {len(campaign.back_after_s)} kills", len(broken), "broken", 0,
            at_most=True, detail=each,
        ),
        Figure(
            "R1", "from a kill to the next epoch made, at most", most_s, "s", BACK_WITHIN_S,
            at_most=True, detail=f"slowest: {slowest}",
        ),
    ]  # fmt: skip


def _outage() -> list[Figure]:
    with _stage() as stage:
        twins = stage.submit(experiment("twin", epochs=1500))
        _await_end(stage, twins)
        runs = stage.submit(experiment("outage", epochs=1500))
        wait_for(lambda: True if len(stage.worker_pids()) == len(runs) else None, "both runs at work")
        before, memory = _epochs(stage, runs), _memory(stage)
        with stage.database_kept_down():
            time.sleep(AWAY_S)
            grown = _memory(stage) - memory
        back_s = time.monotonic()
        wait_for(lambda: True if _epochs(stage, runs) > before + 50 else None, "the spool to drain")
        drained_s = time.monotonic() - back_s
        _await_end(stage, runs)
        with stage.connection() as connection:
            broken = check(connection, stage.home, list(zip(runs, twins, strict=True)))
    return [
        Figure(
            "R2", f"rules broken after {AWAY_S:.0f} s without a database at full speed", len(broken), "broken", 0,
            at_most=True, detail=str(broken[0]) if broken else "every value once, bit for bit",
        ),
        Figure(
            "R2", "from its return until what was made meanwhile shows", drained_s, "s", BACK_WITHIN_S,
            at_most=True, detail=f"memory of both trainers grew by {grown / 2**20:.0f} MB meanwhile",
        ),
    ]  # fmt: skip


@contextmanager
def _stage() -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="nntracker-bench-"))
    folder.chmod(0o711)  # the database's account passes through
    stage = Stage(folder)
    try:
        stage.start()
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder, ignore_errors=True)


def _await_end(stage: Stage, runs: list[UUID]) -> None:
    while stage.ask("SELECT 1 FROM runs WHERE run_id = ANY(%s) AND state <> 'finished' LIMIT 1", runs):
        time.sleep(0.5)


def _epochs(stage: Stage, runs: list[UUID]) -> int:
    rows = stage.ask("SELECT sum(epochs_done)::int FROM runs WHERE run_id = ANY(%s)", runs)
    return int(rows[0][0])


def _memory(stage: Stage) -> int:
    """Bytes that the training processes hold."""
    return sum(psutil.Process(pid).memory_info().rss for pid in stage.known_workers)
