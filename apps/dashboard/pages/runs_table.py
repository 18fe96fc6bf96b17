"""The table of runs: experiments with their runs, or runs in the order that one has chosen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.times import local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import progress_bar, state_chip
from apps.dashboard.pages.run_verbs import VERBS, WORDS
from apps.dashboard.pages.runs_bars import sort_heading
from apps.dashboard.pages.runs_found import FoldMean, RunsPage
from apps.dashboard.runs_place import RunsPlace
from nntracker_ray.commands import Verb
from nntracker_ray.records import RunRow
from nntracker_ray.run_lists import METRIC_ORDER, RunColumn

HUES = 6  # as many as the stylesheet has

# Column title, class, and what pressing it sorts by; '' for a column that has no order.
COLUMNS = (
    ("Run", "name", RunColumn.NAME), ("State", "state", RunColumn.STATE),
    ("Optimizer", "optimizer", RunColumn.OPTIMIZER), ("Loss function", "lossfn", RunColumn.LOSS_FUNCTION),
    ("Rate", "rate num", RunColumn.LEARNING_RATE), ("Fold", "fold num", RunColumn.FOLD),
    ("Epochs", "epochs-cell", RunColumn.EPOCHS),
    ("Accuracy", "acc num", f"{METRIC_ORDER}accuracy"), ("Val. acc.", "vacc num", f"{METRIC_ORDER}val_accuracy"),
    ("Loss", "loss num", f"{METRIC_ORDER}loss"), ("Val. loss", "vloss num", f"{METRIC_ORDER}val_loss"),
    ("Time", "time num", RunColumn.DURATION), ("Left", "left num", ""),
)  # fmt: skip

# The page of a run asks the rest.
IN_MENU = frozenset({Verb.PAUSE, Verb.RESUME, Verb.STOP, Verb.RERUN, Verb.DELETE})


def runs_table(page: RunsPage) -> Tree:
    """Every run of the page."""
    head = h(
        "thead", h("tr", _all_box(page), *(_heading(page, *column) for column in COLUMNS), _menu_heading())
    )
    if page.place.order.column == RunColumn.SUBMITTED:
        groups = groupby(page.rows, key=lambda row: row.experiment_id)
        bodies = [_experiment(page, tuple(rows)) for _, rows in groups]
    else:
        bodies = [h("tbody", *(_run(page, row) for row in page.rows), data_key="sorted")]
    table = h("table", head, *bodies, cls="runs", aria_label="Runs")
    return h("div", table, cls="table-frame")


def _heading(page: RunsPage, title: str, cls: str, column: str) -> Tree:
    if not column:
        return h("th", title, cls=cls, scope="col")
    return sort_heading(page.place, title, cls, column)


def _menu_heading() -> Tree:
    return h("th", h("span", "Actions", cls="unseen"), scope="col", cls="menu-cell")


def _all_box(page: RunsPage) -> Tree:
    every = bool(page.rows) and all(row.run_id in page.selected for row in page.rows)
    box = h(
        "input",
        type="checkbox",
        checked=every,
        data_act="select-page",
        aria_label="Select every run on this page",
    )
    return h("th", box, scope="col", cls="tick")


def _experiment(page: RunsPage, rows: Sequence[RunRow]) -> Tree:
    first = rows[0]
    owner = "" if first.owner == page.viewer_name else f"{first.owner}, "
    about = h("span", f"{owner}{words.plural(len(rows), 'run')}, ", local_time(first.created_at), cls="about")
    tags = _common_tags(rows)
    name = h(
        "a",
        first.experiment,
        href=RunsPlace(experiment_id=first.experiment_id).address,
        cls="experiment",
    )
    heading = h(
        "th",
        h("div", name, about, *map(_tag, tags), _experiment_links(page, first), cls="group-line"),
        _fold_means(page.folds.get(first.experiment_id, ())),
        colspan=len(COLUMNS) + 2,
        scope="rowgroup",
    )
    return h(
        "tbody",
        h("tr", heading, cls="group"),
        *(_run(page, row, said=tags) for row in rows),
        cls=hue(first.experiment_id),
        data_key=str(first.experiment_id),
    )


def _experiment_links(page: RunsPage, first: RunRow) -> Tree | None:
    compare = h("a", "Compare", href=f"/compare?experiment={first.experiment_id}", cls="quiet-link")
    if not page.may_act:
        return h("span", compare, cls="group-links")
    share = h(
        "button",
        "Share …",
        type="button",
        data_act="share",
        data_value=str(first.experiment_id),
        cls="quiet-link",
    )
    archive = h(
        "a", "Download", href=f"/api/experiments/{first.experiment_id}/archive", download="", cls="quiet-link"
    )
    again = h("a", "Again with changes", href=f"/new?from={first.experiment_id}", cls="quiet-link")
    return h("span", compare, again, share, archive, cls="group-links")


def _fold_means(means: Sequence[FoldMean]) -> Tree | None:
    """Mean and standard deviation over folds, a line for each configuration."""
    wanted = [mean for mean in means if mean.runs > 1 and mean.metric in ("val_accuracy", "val_loss")]
    if not wanted:
        return None
    lines = []
    for name, of_one in groupby(wanted, key=lambda mean: mean.name):
        found = list(of_one)
        said = [f"{one.metric} {words.number(one.mean)} ± {words.number(one.std)}" for one in found]
        lines.append(h("li", h("b", name), f" over {found[0].runs}: ", h("span", ", ".join(said), cls="num")))
    return h(
        "details",
        h("summary", "Mean over folds and repeats"),
        h("ul", *lines),
        cls="fold-means",
        data_key="folds",
    )


def _common_tags(rows: Sequence[RunRow]) -> tuple[str, ...]:
    """What all runs of an experiment have is said once, above them."""
    return tuple(tag for tag in rows[0].tags if len(rows) > 1 and all(tag in row.tags for row in rows))


def _run(page: RunsPage, row: RunRow, said: Sequence[str] = ()) -> Tree:
    """
    Args:
        said: Tags that stand above it already.
    """
    grouped = page.place.order.column == RunColumn.SUBMITTED
    time = words.duration(words.elapsed(row, page.now))
    is_selected = row.run_id in page.selected
    made_of = (row, tuple(said), grouped, time, is_selected, page.may_act)
    return page.drawn.row(row.run_id, made_of, lambda: _drawn_run(*made_of))


def _drawn_run(
    row: RunRow, said: Sequence[str], grouped: bool, time: str, is_selected: bool, may_act: bool
) -> Tree:
    one = row.configuration
    cells = (
        _name(row, said, grouped=grouped),
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
        time,
        words.duration(words.time_left(row)),
    )
    drawn = [_cell(cell, title, cls) for cell, (title, cls, _) in zip(cells, COLUMNS, strict=True)]
    return h(
        "tr",
        _tick(row, is_selected=is_selected),
        *drawn,
        _menu(row) if may_act else h("td", cls="menu-cell"),
        cls=f"{hue(row.experiment_id)} selected" if is_selected else hue(row.experiment_id),
        data_key=str(row.run_id),
    )


def _tag(tag: str) -> Tree:
    address = RunsPlace(tag=tag).address
    return h("a", tag, href=address, data_act="tag", data_value=tag, cls="tag", data_key=f"tag {tag}")


def _name(row: RunRow, said: Sequence[str], *, grouped: bool) -> Tree:
    tags = [_tag(tag) for tag in row.tags if tag not in said]
    of = None if grouped else h("span", row.experiment, cls="about of")
    return h("div", h("a", row.name, href=f"/run?id={row.run_id}"), of, *tags, cls="run-name")


def _tick(row: RunRow, *, is_selected: bool) -> Tree:
    box = h(
        "input",
        type="checkbox",
        checked=is_selected,
        data_act="select",
        data_value=str(row.run_id),
        aria_label=f"Select {row.name}",
    )
    return h("td", box, cls="tick")


def _menu(row: RunRow) -> Tree:
    items = [
        h("li", h("button", WORDS[verb], type="button", data_act=verb, data_value=str(row.run_id)))
        for verb in VERBS[row.state]
        if verb in IN_MENU
    ]
    summary = h(
        "summary", h("span", "Actions of ", row.name, cls="unseen"), h("span", "⋯", aria_hidden="true")
    )
    return h("td", h("details", summary, h("ul", *items), cls="menu", data_menu=True), cls="menu-cell")


def _cell(content: Tree, title: str, cls: str) -> Tree:
    """`data-title` names the number where the screen is too narrow for a heading."""
    missing = " none" if content == words.NOTHING else ""
    strange = " strange" if content in ("NaN", "∞", "-∞") else ""
    return h("td", content, cls=f"{cls}{missing}{strange}", data_title=title)


def hue(experiment_id: UUID) -> str:
    """The colour of an experiment's runs, the same in every list and on every page."""
    return f"hue{experiment_id.int % HUES}"
