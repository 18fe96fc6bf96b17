"""The report of an archive: one HTML page that opens without a server, and loads and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import IO, Final
from uuid import UUID

import numpy as np

from nntracker_ray.archive.choice import Choice
from nntracker_ray.archive.report_chart import COLOURS, Series, chart
from nntracker_ray.commands import Selection
from nntracker_ray.records import RunRow
from nntracker_ray.run_lists import RunFilter
from nntracker_ray.storage import queries
from nntracker_ray.storage.archive_queries import ArchivedExperiment
from nntracker_ray.storage.connection import Database

PLOTS: Final = {"accuracy": "val_accuracy", "loss": "val_loss"}
SHOWN: Final = ("accuracy", "val_accuracy", "test_accuracy", "loss", "val_loss", "test_loss")
MOST_DRAWN: Final = 40  # runs in the charts of an experiment: more cannot be told apart
# Even if somebody's words became markup by our mistake, nothing would run and nothing be loaded.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def write_report(
    file: IO[bytes], database: Database, choice: Choice, *, by: str, made_at: datetime
) -> Iterator[None]:
    """Write the page; yields after each part. Curves are read run by run."""
    file.write(_head(choice, by, made_at).encode())
    yield
    for experiment in choice.experiments:
        rows = _rows(database, choice, experiment)
        drawn: dict[str, list[Series]] = {name: [] for name in PLOTS}
        for place, row in enumerate(rows[:MOST_DRAWN]):
            for name, series in _curves(database, choice.viewer_id, row, place).items():
                drawn[name] += series
            yield
        file.write(_experiment(experiment, rows, drawn).encode())
        yield
    file.write(b"</main></body></html>\n")
    yield


def _rows(database: Database, choice: Choice, experiment: ArchivedExperiment) -> Sequence[RunRow]:
    ids = tuple(run.run_id for run in choice.runs if run.experiment_id == experiment.experiment_id)
    with database.connection() as conn:
        page = queries.page_of_runs(
            conn, viewer_id=choice.viewer_id, wanted=RunFilter(Selection(run_ids=ids)), limit=None
        )
    return page.rows


def _curves(database: Database, viewer_id: UUID, row: RunRow, place: int) -> dict[str, list[Series]]:
    wanted = [name for pair in PLOTS.items() for name in pair]
    with database.connection() as conn:
        found = queries.learning_curves(conn, viewer_id=viewer_id, run_ids=[row.run_id], metrics=wanted)
    metric, epoch = np.asarray(found["metric"], object), np.asarray(found["epoch"])
    value = np.asarray(found["value"], np.float64)

    def series(name: str, *, is_dashed: bool) -> list[Series]:
        mask = metric == name
        label = f"{row.name}: {name}"
        return [Series(label, epoch[mask], value[mask], place, is_dashed)] if mask.any() else []

    return {
        name: [*series(name, is_dashed=False), *series(held_out, is_dashed=True)]
        for name, held_out in PLOTS.items()
    }


def _head(choice: Choice, by: str, made_at: datetime) -> str:
    names = ", ".join(one.name for one in choice.experiments[:5])
    more = len(choice.experiments) - 5
    title = names + (f" and {more} more" if more > 0 else "")
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    runs = "1 run" if len(choice.runs) == 1 else f"{len(choice.runs)} runs"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body><main><h1>{escape(title)}</h1>"
        f"<p>{runs}, taken out of NNTracker by {escape(by)} on {made_at:%Y-%m-%d %H:%M} UTC. The numbers "
        f"behind this page are in the folder <code>runs</code> beside it.</p>\n"
    )


def _experiment(one: ArchivedExperiment, rows: Sequence[RunRow], drawn: dict[str, list[Series]]) -> str:
    charts = "".join(chart(name, series) for name, series in drawn.items())
    left = len(rows) - MOST_DRAWN
    note = f"<p>Drawn are the first {MOST_DRAWN} of {len(rows)} runs.</p>" if left > 0 else ""
    legend = "<p>Solid: training. Dashed: validation. A cross marks a value that is not finite.</p>"
    config = json.dumps(json.loads(one.config), indent=2, ensure_ascii=False)
    return (
        f"<section><h2>{escape(one.name)}</h2><p>Submitted by {escape(one.owner)} on "
        f"{one.created_at:%Y-%m-%d %H:%M} UTC.</p>{note}"
        f'<div class="charts">{charts}</div>{legend if charts else "<p>Nothing has been measured yet.</p>"}'
        f"{_table(rows)}<details><summary>Experiment file</summary><pre>{escape(config)}</pre></details>"
        f"{''.join(map(_run, rows))}</section>\n"
    )


def _table(rows: Sequence[RunRow]) -> str:
    shown = [name for name in SHOWN if any(name in row.metrics for row in rows)]
    headings = "".join(f'<th class="n" scope="col">{escape(name)}</th>' for name in shown)
    lines = "".join(_line(row, shown, place) for place, row in enumerate(rows))
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="Runs"><table><thead><tr><th scope="col">Run</th>'
        f'<th scope="col">State</th><th class="n" scope="col">Epochs</th>{headings}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _line(row: RunRow, shown: Sequence[str], place: int) -> str:
    dot = f'<span class="dot" style="--c:var(--c{place % COLOURS})"></span>' if place < MOST_DRAWN else ""
    cells = "".join(f'<td class="n">{_number(row.metrics.get(name))}</td>' for name in shown)
    return (
        f"<tr><td>{dot}{escape(row.name)}</td><td>{escape(row.state)}</td>"
        f'<td class="n">{row.epochs_done}/{row.total_epochs}</td>{cells}</tr>'
    )


def _run(row: RunRow) -> str:
    one = row.configuration
    facts = {
        "Id": str(row.run_id),
        "Optimizer": _named(one.optimizer.name, one.optimizer.conf),
        "Loss": _named(one.loss_function.name, one.loss_function.conf),
        "Learning rate": "the optimizer's own" if one.learning_rate is None else f"{one.learning_rate:g}",
        **{str(key): json.dumps(value) for key, value in one.sweep.items()},
        "Fold": "" if row.fold is None else str(row.fold),
        "Tags": ", ".join(row.tags),
        "Started (UTC)": "" if row.started_at is None else f"{row.started_at:%Y-%m-%d %H:%M:%S}",
        "Ended (UTC)": "" if row.ended_at is None else f"{row.ended_at:%Y-%m-%d %H:%M:%S}",
        **{name: _number(value) for name, value in row.metrics.items()},
    }
    lines = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>'
        for key, value in facts.items()
        if value
    )
    error = f'<p class="bad">It has failed:</p><pre>{escape(row.error)}</pre>' if row.error else ""
    return (
        f"<details><summary>{escape(row.name)} ({escape(row.state)})</summary>{error}"
        f"<table><tbody>{lines}</tbody></table></details>"
    )


def _named(name: str, conf: dict[str, object]) -> str:
    return f"{name} {json.dumps(conf)}" if conf else name


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return "NaN" if value != value else f"{value:.6g}"  # noqa: PLR0124 - NaN alone differs from itself
