"""What the list of runs shows, as markup worked out from plain records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import message, progress_bar, state_chip
from nntracker_ray.records import RunRow, RunState

PAGE_SIZE = 100

# Column title, class, and whether numbers stand in it.
COLUMNS = (
    ("Run", "name"), ("State", "state"), ("Optimizer", "optimizer"), ("Loss function", "lossfn"), ("Rate", "rate num"),
    ("Fold", "fold num"), ("Epochs", "epochs-cell"), ("Accuracy", "acc num"), ("Val. acc.", "vacc num"),
    ("Loss", "loss num"), ("Val. loss", "vloss num"), ("Time", "time num"), ("Left", "left num"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunsPage:
    """One page of the list, as fetched."""

    rows: tuple[RunRow, ...]
    total: int  # runs there are in all
    number: int  # 1-based page number
    now: datetime

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def runs_view(page: RunsPage) -> Tree:
    """The whole list."""
    if not page.total:
        return _empty()
    groups = groupby(page.rows, key=lambda row: row.experiment_id)
    head = h("thead", h("tr", *(h("th", title, cls=cls, scope="col") for title, cls in COLUMNS)))
    bodies = [_experiment(index, tuple(rows), page.now) for index, (_, rows) in enumerate(groups)]
    table = h("table", head, *bodies, cls="runs", aria_label="Runs, newest experiment first")
    return h("div", _title(page), h("div", table, cls="table-frame"))


def away_view() -> Tree:
    """While the database does not answer."""
    return message(
        "The database does not answer",
        "Trainings go on and keep what they measure; nothing is lost. This page comes back by itself.",
        cls="away",
    )


def loading_view() -> Tree:
    """Until the first rows are here."""
    return h("div", cls="loading", aria_busy="true")


def _empty() -> Tree:
    return message(
        "No runs yet",
        "An experiment file names a model, a dataset, and the optimizers, losses and learning rates to try. "
        "Submit one, and its runs appear here while they train:",
        h("pre", h("code", "nntracker run experiment.json")),
        cls="empty",
    )


def _title(page: RunsPage) -> Tree:
    states = Counter(row.state for row in page.rows)
    shown = [f"{states[state]} {state}" for state in RunState if states[state]]
    about = f"{words.plural(page.total, 'run')}" + (f": {', '.join(shown)}" if page.pages == 1 else "")
    return h("header", h("h1", "Runs"), h("span", about, cls="about"), _paging(page), cls="title")


def _paging(page: RunsPage) -> Tree | None:
    if page.pages == 1:
        return None
    first = (page.number - 1) * PAGE_SIZE + 1
    last = min(page.total, page.number * PAGE_SIZE)
    return h(
        "nav",
        h("span", f"{first:,} to {last:,} of {page.total:,}", cls="num"),
        _page_link("Newer", page.number - 1, possible=page.number > 1),
        _page_link("Older", page.number + 1, possible=page.number < page.pages),
        cls="paging",
        aria_label="Pages of runs",
    )


def _page_link(text: str, number: int, *, possible: bool) -> Tree:
    return h("a", text, href=f"/?page={number}") if possible else h("span", text, cls="off")


def _experiment(index: int, rows: Sequence[RunRow], now: datetime) -> Tree:
    first = rows[0]
    about = h(
        "span", f"{words.plural(len(rows), 'run')}, {words.moment(first.created_at)[:16]} UTC", cls="about"
    )
    heading = h(
        "th", h("span", first.experiment, cls="experiment"), about, colspan=len(COLUMNS), scope="rowgroup"
    )
    lines = [_run(row, now) for row in rows]
    return h(
        "tbody",
        h("tr", heading, cls="group"),
        *lines,
        cls=f"hue{index % 6}",
        data_key=str(first.experiment_id),
    )


def _run(row: RunRow, now: datetime) -> Tree:
    one = row.configuration
    cells = (
        h("a", row.name, href=f"/run?id={row.run_id}"),
        state_chip(row.state),
        words.named(one.optimizer),
        words.named(one.loss_function),
        words.learning_rate(one.learning_rate),
        words.fold(row.fold),
        progress_bar(row),
        words.number(row.metrics.get("accuracy")),
        words.number(row.metrics.get("val_accuracy")),
        words.number(row.metrics.get("loss")),
        words.number(row.metrics.get("val_loss")),
        words.duration(words.elapsed(row, now)),
        words.duration(words.time_left(row)),
    )
    drawn = [_cell(cell, title, cls) for cell, (title, cls) in zip(cells, COLUMNS, strict=True)]
    return h("tr", *drawn, data_key=str(row.run_id))


def _cell(content: Tree, title: str, cls: str) -> Tree:
    """`data-title` names the number where the screen is too narrow for a heading."""
    missing = " none" if content == words.NOTHING else ""
    strange = " strange" if content in ("NaN", "∞", "-∞") else ""
    return h("td", content, cls=f"{cls}{missing}{strange}", data_title=title)
