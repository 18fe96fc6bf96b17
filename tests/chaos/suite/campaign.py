"""One campaign: twins run in peace, then the same experiments again and again under seeded faults, then the checker."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from nntracker_ray.commands import Selection, Verb
from tests.chaos.suite.checker import check
from tests.chaos.suite.faults import FAULTS, Fault
from tests.chaos.suite.rules import Broken
from tests.chaos.suite.stage import Stage, StageError, wait_for

EXAMPLE: Final = Path(__file__).parents[3] / "examples" / "digits"
EPOCHS: Final = 150
# One of each kind: numbers, arrays, with a memory of earlier looks, beside the training. Never suspended, since the
# time that looks take would then decide which of them there are.
_LIMITS: Final = {"budget": 1, "limit_s": 3600}
INSIDE: Final = [
    {"metric": "mean", "topics": ["weights", "weight_gradients", "activations"], "every": 50, **_LIMITS},
    {"metric": "histogram", "topics": ["weights", "weight_updates"], "every": 150, **_LIMITS},
    {"metric": "gradient_cosine", "every": 50, **_LIMITS},
    {"metric": "gradient_noise_scale", "every": 150, **_LIMITS},
    {"metric": "svcca", "every_epochs": 15, **_LIMITS},
    {"metric": "test_accuracy", "every_epochs": 15, **_LIMITS},
]
END_TIMEOUT_S: Final = 900.0

Report = Callable[[str], None]


@dataclass
class Campaign:
    """Does harm to running experiments until so many faults have struck, then looks for what was lost."""

    stage: Stage
    seed: int
    faults: int
    report: Report
    kinds: Sequence[Fault] = ()  # these, each once and in a seeded order; otherwise all kinds by chance
    struck: Counter[str] = field(default_factory=Counter)
    back_after_s: list[tuple[str, float]] = field(
        default_factory=list
    )  # fault, seconds until an epoch was made again
    pairs: list[tuple[UUID, UUID]] = field(default_factory=list)  # disturbed run, its twin

    def run(self) -> list[Broken]:
        """Returns: what is broken; empty when nothing is lost."""
        chance = random.Random(self.seed)  # noqa: S311 (not a secret)
        twins = self.stage.submit(experiment("twin"))
        self._await_end(twins)
        self.report(f"{len(twins)} undisturbed twins have finished; now the faults")
        wave = 0
        while sum(self.struck.values()) < self.faults:
            wave += 1
            runs = self.stage.submit(experiment(f"wave {wave}"))
            self.pairs += zip(runs, twins, strict=True)
            self._harm(runs, chance)
            self._await_end(runs)
        return self._verdict()

    def _harm(self, runs: list[UUID], chance: random.Random) -> None:
        while sum(self.struck.values()) < self.faults and not self._over(runs):
            if not self._await_work(runs):
                return
            self._strike(self._next(chance), chance, runs)
            time.sleep(chance.uniform(0.5, 3.0))

    def _next(self, chance: random.Random) -> Fault:
        if self.kinds:
            return random.Random(self.seed).sample(self.kinds, len(self.kinds))[sum(self.struck.values())]  # noqa: S311
        return chance.choices(FAULTS, [one.weight for one in FAULTS])[0]

    def _strike(self, fault: Fault, chance: random.Random, runs: list[UUID]) -> None:
        self.stage.family()  # what the fault leaves without a parent is known now
        began_s = time.time()
        fault.strike(self.stage, chance)
        ended_s = time.time()
        self.struck[fault.name] += 1
        self._revive(runs)
        wait_for(lambda: self._have_gone_on(runs, ended_s) or None, f"work to go on after {fault.name}")
        back_s = time.time() - ended_s
        self.stage.family()
        self.back_after_s.append((fault.name, back_s))
        count = sum(self.struck.values())
        self.report(
            f"{count:>4}  {fault.number:<4} {fault.name:<30} "
            f"lasted {ended_s - began_s:5.1f} s, back after {back_s:5.1f} s"
        )

    def _revive(self, runs: list[UUID]) -> None:
        """What memory has failed a person resumes; every other failure is one that the checker will name."""
        for run_id, _error in self._failed(runs):
            self.stage.command(Verb.RESUME, Selection(run_ids=(run_id,)))

    def _failed(self, runs: list[UUID]) -> list[tuple[Any, ...]]:
        return self.stage.ask(
            "SELECT run_id, error FROM runs WHERE run_id = ANY(%s) AND state = 'failed' AND error ILIKE '%%memory%%'",
            runs,
        )

    def _await_work(self, runs: list[UUID]) -> bool:
        """Wait until a run is training. False when all are over."""

        def look() -> bool | None:
            self._revive(runs)
            if self._over(runs):
                return False
            running = self.stage.ask(
                "SELECT 1 FROM runs WHERE run_id = ANY(%s) AND state = 'running' AND epochs_done > 0 LIMIT 1",
                runs,
            )
            return True if running else None

        return wait_for(look, "a run at work")

    def _have_gone_on(self, runs: list[UUID], since_s: float) -> bool:
        """Whether each of the runs is finished, or has ended an epoch after that moment (seconds since 1970)."""
        self._revive(runs)
        behind = self.stage.ask(
            """SELECT 1 FROM runs r WHERE run_id = ANY(%s) AND state <> 'finished' AND NOT EXISTS (
                   SELECT 1 FROM run_last_metrics m
                    WHERE m.run_no = r.run_no AND m.metric = 'loss' AND m.time > to_timestamp(%s)) LIMIT 1""",
            runs,
            since_s,
        )
        return not behind

    def _over(self, runs: list[UUID]) -> bool:
        rows = self.stage.ask("SELECT count(*) FROM runs WHERE run_id = ANY(%s) AND state = 'finished'", runs)
        return bool(rows[0][0] == len(runs))

    def _await_end(self, runs: list[UUID]) -> None:
        """Wait until every run is finished, or has come to an end that the checker will name."""
        deadline_s = time.monotonic() + END_TIMEOUT_S
        while time.monotonic() < deadline_s:
            self._revive(runs)
            if not self.stage.ask(
                "SELECT 1 FROM runs WHERE run_id = ANY(%s) AND state NOT IN ('finished', 'failed', 'stopped') LIMIT 1",
                runs,
            ):
                return
            time.sleep(0.5)

    def _verdict(self) -> list[Broken]:
        """Look once all is quiet: what was recorded last is delivered within seconds."""
        with suppress(StageError):  # then the checker names what is left
            wait_for(lambda: None if self._left_in_spools() else True, "empty spools")
        with self.stage.connection() as connection:
            broken = check(connection, self.stage.home, self.pairs)
        self.stage.down()
        orphans = self.stage.left_behind.values()
        return broken + [Broken("no_orphans", one, "the process is left after an end") for one in orphans]

    def _left_in_spools(self) -> bool:
        return any(self.stage.home.spool.iterdir()) if self.stage.home.spool.is_dir() else False


def experiment(name: str, *, epochs: int = EPOCHS) -> dict[str, Any]:
    """Two configurations of the digits; equal trainings whatever the name."""
    return {
        "name": f"Chaos {name}",
        "model": str(EXAMPLE / "model.json"),
        "dataset_train": str(EXAMPLE / "train.npz"),
        "dataset_test": str(EXAMPLE / "test.npz"),
        **{f"{part}_feature_name": f"x_{part}" for part in ("train", "test")},
        **{f"{part}_label_name": f"y_{part}" for part in ("train", "test")},
        "batch_size": 32,
        "total_epochs": epochs,
        "epoch_period": 10,
        "optimizers": [{"optimizer": "adam"}, {"optimizer": "sgd", "conf": {"momentum": 0.9}}],
        "loss_functions": [{"loss_function": "SparseCategoricalCrossentropy"}],
        "learning_rates": [0.01],
        "learning_rate_schedule": {"kind": "step", "factor": 0.7, "every": 6},
        "checkpoints": {"every": 25, "keep": 2},
        "introspection": INSIDE,
        "seed": 11,
    }
