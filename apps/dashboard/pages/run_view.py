"""What the page of one run says in words and tables, as markup worked out from plain records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_parts import message, progress_bar, state_chip
from nntracker_ray.figures import known_metrics
from nntracker_ray.records import JsonValue, RunRow, RunSpec

EPOCHS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class FoldMean:
    """A metric over the folds and repeats of one configuration."""

    metric: str
    runs: int
    mean: float
    std: float  # with n - 1; nan for one run


@dataclass(frozen=True, slots=True)
class RunDetails:
    """Everything the page says in words, as fetched."""

    row: RunRow
    spec: RunSpec
    facts: Mapping[str, JsonValue]
    now: datetime
    fold_means: Sequence[FoldMean] = field(default=())


def head_view(details: RunDetails) -> Tree:
    """Name, state, progress, and the error if there is one."""
    row = details.row
    left = words.time_left(row)
    clock = words.duration(words.elapsed(row, details.now)) + (
        f", {words.duration(left)} left" if left else ""
    )
    way = h(
        "nav",
        h("a", "Runs", href="/"),
        h("span", row.experiment),
        *_parent(row),
        cls="way",
        aria_label="Where this is",
    )
    line = h(
        "div",
        h("h1", row.name),
        state_chip(row.state),
        progress_bar(row),
        h("span", clock, cls="clock num"),
        cls="headline",
    )
    return h("header", way, line, _error(row), cls="run-head")


def _parent(row: RunRow) -> list[Tree]:
    """The way to the run that this one was made from."""
    if row.origin is None:
        return []
    inherited = f", {row.inherited_epochs} epochs inherited" if row.inherited_epochs else ""
    if row.parent_id is None:
        return [h("span", f"{row.origin} of a run that is gone{inherited}")]
    return [h("a", f"{row.origin} of another run{inherited}", href=f"/run?id={row.parent_id}")]


def facts_view(details: RunDetails) -> Tree:
    """The configuration, what came of it, and where the run stands among its folds."""
    cards = [_card("Configuration", _configuration(details)), _card("Data and place", _place(details))]
    if details.fold_means:
        runs = max(mean.runs for mean in details.fold_means)
        cards.append(
            _card(f"Mean over {words.plural(runs, 'run')} of this configuration", _means(details.fold_means))
        )
    return h("div", *cards, cls="cards")


def epochs_view(frame: pd.DataFrame) -> Tree:
    """A table of every metric by epoch, newest first."""
    if frame.empty:
        return h(
            "section",
            h("h2", "Epochs"),
            h("p", "The first epoch has not ended yet.", cls="about"),
            cls="card",
        )
    names = _columns(frame["metric"].unique())
    values = dict(zip(zip(frame["epoch"], frame["metric"], strict=True), frame["value"], strict=True))
    epochs = sorted({int(epoch) for epoch in frame["epoch"]}, reverse=True)
    newest = epochs[:EPOCHS_SHOWN]
    titles = (h("th", name, cls="num", scope="col") for name in ("Epoch", *names))
    lines = [_epoch(epoch, [values.get((epoch, name)) for name in names]) for epoch in newest]
    of_all = (
        f"newest {len(newest)} of {len(epochs):,}"
        if len(newest) < len(epochs)
        else words.plural(len(epochs), "epoch")
    )
    title = h("h2", "Epochs ", h("span", f"counted from 0, {of_all}", cls="about"))
    table = h("table", h("thead", h("tr", *titles)), h("tbody", *lines), cls="numbers")
    framed = h("div", table, cls="scroll", tabindex=0, role="region", aria_label="Metrics by epoch")
    return h("section", title, framed, cls="card")


def not_found_view() -> Tree:
    """No such run, or somebody else's: the two look the same."""
    return message(
        "There is no such run here",
        "It may have been deleted, or the address is incomplete.",
        h("p", h("a", "Go to the list of runs", href="/")),
    )


def _error(row: RunRow) -> Tree | None:
    if not row.error:
        return None
    lines = row.error.strip().splitlines()
    return h(
        "details",
        h("summary", lines[-1]),
        h("pre", h("code", row.error.strip())) if len(lines) > 1 else None,
        cls="failure",
        data_key="failure",
    )


def _configuration(details: RunDetails) -> list[tuple[str, str]]:
    spec, one = details.spec, details.row.configuration
    effective = details.facts.get("effective_learning_rate")
    return [
        ("Optimizer", words.named(one.optimizer)),
        ("Loss function", words.named(one.loss_function)),
        (
            "Learning rate asked",
            words.learning_rate(one.learning_rate) if one.learning_rate else "the optimizer's own",
        ),
        (
            "Learning rate in effect",
            words.learning_rate(effective) if isinstance(effective, int | float) else words.NOTHING,
        ),
        *((key, str(value)) for key, value in one.sweep.items()),
        ("Batch size", str(spec.batch_size)),
        ("Seed", str(spec.seed)),
        ("Extra metrics", ", ".join(words.named(metric) for metric in spec.extra_metrics) or "none"),
    ]


def _place(details: RunDetails) -> list[tuple[str, str]]:
    spec, row = details.spec, details.row
    return [
        ("Training data", spec.train.name),
        ("Validation data", spec.validation.name if spec.validation else f"split: {spec.split.kind}"),
        ("Test data", spec.test.name if spec.test else "none"),
        ("Fold", f"{words.fold(row.fold)} of {spec.split.count}" if row.fold is not None else "no folds"),
        ("Tags", ", ".join(row.tags) or "none"),
        ("Attempt", str(row.attempt) if row.attempt else "not started"),
        ("Started", f"{words.moment(row.started_at)} UTC" if row.started_at else words.NOTHING),
        ("Ended", f"{words.moment(row.ended_at)} UTC" if row.ended_at else words.NOTHING),
    ]


def _card(title: str, content: list[tuple[str, str]] | Tree) -> Tree:
    if content and isinstance(content[0], tuple):
        content = h("dl", *(part for name, value in content for part in (h("dt", name), h("dd", value))))
    return h("section", h("h2", title), content, cls="card")


def _means(means: Sequence[FoldMean]) -> Tree:
    order = _columns(m.metric for m in means)
    head = h(
        "thead",
        h(
            "tr",
            h("th", "Metric", scope="col"),
            *(h("th", t, cls="num", scope="col") for t in ("Mean", "Std", "Runs")),
        ),
    )
    lines = [
        h(
            "tr",
            h("td", m.metric),
            *(h("td", v, cls="num") for v in (words.number(m.mean), words.number(m.std), str(m.runs))),
        )
        for m in sorted(means, key=lambda m: order.index(m.metric))
    ]
    return h("table", head, h("tbody", *lines), cls="numbers")


def _columns(metrics: Iterable[str]) -> list[str]:
    present = set(metrics)
    known = [prefix + name for name in known_metrics(present) for prefix in ("", "val_", "test_")]
    return [name for name in known if name in present]


def _epoch(epoch: int, values: Sequence[float | None]) -> Tree:
    cells = [h("td", words.number(value), cls=_number_class(value)) for value in values]
    return h("tr", h("th", str(epoch), cls="num", scope="row"), *cells, data_key=epoch)


def _number_class(value: float | None) -> str:
    if value is None:
        return "num none"
    return "num" if math.isfinite(value) else "num strange"
