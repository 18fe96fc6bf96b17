"""Progress of an experiment's runs in a terminal or notebook: a bar each, with ETA and live loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from types import TracebackType
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from nntracker_ray.records import RunRow, RunState

# More bars than fit on a screen help nobody: runs that wait or have ended are counted in the first bar.
MOST_BARS = 16


class RunBars:
    """One bar for the experiment and one for each run at work."""

    def __init__(self, title: str, *, console: Console | None = None) -> None:
        self._console = console or _console()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", style="dim"),
            TimeElapsedColumn(),
            TextColumn("eta", style="dim"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
        )
        self._all = self._progress.add_task(title, total=None, unit="epochs", note="")
        self._bars: dict[UUID, TaskID] = {}
        self._states: dict[UUID, RunState] = {}

    def __enter__(self) -> RunBars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, runs: Sequence[RunRow]) -> None:
        """Bring every bar to where its run now stands."""
        self._progress.update(
            self._all,
            total=sum(run.total_epochs for run in runs),
            completed=sum(_epochs_counted(run) for run in runs),
            note=_tally(runs),
        )
        at_work = [run for run in runs if run.state in _AT_WORK][:MOST_BARS]
        for run in at_work:
            self._show_bar(run)
        self._drop_bars_except({run.run_id for run in at_work})
        self._tell_changes(runs)

    def _show_bar(self, run: RunRow) -> None:
        if run.run_id not in self._bars:
            self._bars[run.run_id] = self._progress.add_task(
                f"  {run.name}", total=run.total_epochs, completed=run.epochs_done, unit="epochs", note=""
            )
        self._progress.update(self._bars[run.run_id], completed=run.epochs_done, note=_live_values(run))

    def _drop_bars_except(self, wanted: set[UUID]) -> None:
        for run_id in self._bars.keys() - wanted:
            self._progress.remove_task(self._bars.pop(run_id))

    def _tell_changes(self, runs: Sequence[RunRow]) -> None:
        """Outside a live terminal the bars are not drawn, so say what has ended in a line each."""
        for run in runs:
            before, self._states[run.run_id] = self._states.get(run.run_id), run.state
            if before is not run.state and run.state.is_final:
                line = f"{run.state.value:>9}  {run.name}  {_live_values(run)}"
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _console() -> Console:
    """Live bars in terminals, and in notebooks that have ipywidgets; in others a line for each run that ends."""
    console = Console(stderr=True)
    if console.is_jupyter and find_spec("ipywidgets") is None:
        return Console(stderr=True, force_jupyter=False)
    return console


_AT_WORK = (RunState.STARTING, RunState.RUNNING, RunState.PAUSING, RunState.STOPPING)


def _epochs_counted(run: RunRow) -> int:
    # A run that ended early asks for no more epochs: the bar reaches its end all the same.
    return run.total_epochs if run.state.is_final else run.epochs_done


def _tally(runs: Sequence[RunRow]) -> str:
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.state.value] = counts.get(run.state.value, 0) + 1
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))


def _live_values(run: RunRow) -> str:
    shown = [name for name in ("loss", "val_loss", "accuracy", "val_accuracy") if name in run.metrics]
    return "  ".join(f"{name} {format_value(run.metrics[name])}" for name in shown)


def format_value(value: float) -> str:
    """Four significant digits; NaN and infinities by name.

    >>> format_value(0.123456), format_value(float("nan"))
    ('0.1235', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    return f"{value:.4g}"
