"""What runs were given, beside what came of it: a table with a line for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.records import Configuration, JsonValue


@dataclass(frozen=True, slots=True)
class RunParameters:
    """One run's configuration and its result."""

    run_id: UUID
    name: str
    configuration: Configuration
    batch_size: int
    fold: int | None  # 0-based
    result: float | None  # None: not measured yet


@dataclass(frozen=True, slots=True)
class Parameters:
    """The table, column by column, (n,) each."""

    run_ids: tuple[UUID, ...]
    names: tuple[str, ...]
    columns: Mapping[str, tuple[JsonValue, ...]]  # by parameter, in order of the grid; None: not given
    results: tuple[float | None, ...]

    @property
    def varied(self) -> dict[str, tuple[JsonValue, ...]]:
        """The parameters that differ between runs."""
        return {name: values for name, values in self.columns.items() if len({*map(repr, values)}) > 1}

    @property
    def common(self) -> dict[str, JsonValue]:
        """Those that are the same for all."""
        varied = self.varied
        return {name: values[0] for name, values in self.columns.items() if name not in varied and values}


def parameters_of(runs: Sequence[RunParameters]) -> Parameters:
    """Optimizer, loss function, learning rate, batch size, their further arguments and what was swept."""
    tables = [_of_run(run) for run in runs]
    names = dict.fromkeys(name for table in tables for name in table)
    return Parameters(
        tuple(run.run_id for run in runs),
        tuple(run.name for run in runs),
        {name: tuple(table.get(name) for table in tables) for name in names},
        tuple(run.result for run in runs),
    )


def _of_run(run: RunParameters) -> dict[str, JsonValue]:
    one = run.configuration
    return {
        "optimizer": one.optimizer.name,
        **{f"optimizer {key}": value for key, value in one.optimizer.conf.items()},
        "loss function": one.loss_function.name,
        **{f"loss function {key}": value for key, value in one.loss_function.conf.items()},
        "learning rate": one.learning_rate,
        "batch size": run.batch_size,
        **{key.replace("_", " "): value for key, value in one.sweep.items()},
        **({"fold": str(run.fold + 1)} if run.fold is not None else {}),
    }
