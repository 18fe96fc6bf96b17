"""The table of every metric by epoch, in pages, newest first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_general import ordered_metrics
from apps.dashboard.run_place import RunPlace

EPOCHS_A_PAGE = 100


def epochs_view(frame: pd.DataFrame, place: RunPlace) -> Tree:
    """One page of the table."""
    if frame.empty:
        return h(
            "section",
            h("h2", "Epochs"),
            h("p", "The first epoch has not ended yet.", cls="about"),
            cls="card",
        )
    epochs = sorted(set(frame["epoch"].tolist()), reverse=True)
    pages = max(1, -(-len(epochs) // EPOCHS_A_PAGE))
    page = min(place.page, pages)
    shown = epochs[(page - 1) * EPOCHS_A_PAGE : page * EPOCHS_A_PAGE]
    title = h(
        "h2",
        "Epochs ",
        h("span", f"counted from 0, {words.plural(len(epochs), 'epoch')}", cls="about"),
        _paging(place, page, pages),
        cls="paged",
    )
    framed = h(
        "div", _table(frame, shown), cls="scroll", tabindex=0, role="region", aria_label="Metrics by epoch"
    )
    return h("section", title, framed, cls="card epochs-card")


def _table(frame: pd.DataFrame, epochs: Sequence[int]) -> Tree:
    names = ordered_metrics(frame["metric"].unique())
    near = frame[frame["epoch"].between(epochs[-1], epochs[0])]
    values = dict(zip(zip(near["epoch"], near["metric"], strict=True), near["value"], strict=True))
    inherited = set(near.loc[near["inherited"], "epoch"].tolist())
    titles = (h("th", name, cls="num", scope="col") for name in ("Epoch", *map(words.metric, names)))
    lines = [
        _epoch(epoch, [values.get((epoch, name)) for name in names], is_inherited=epoch in inherited)
        for epoch in epochs
    ]
    return h("table", h("thead", h("tr", *titles)), h("tbody", *lines), cls="numbers")


def _paging(place: RunPlace, page: int, pages: int) -> Tree | None:
    if pages == 1:
        return None
    return h(
        "span",
        h("span", f"page {page} of {pages}", cls="num"),
        _page_link(place, "Newer", page - 1, possible=page > 1),
        _page_link(place, "Older", page + 1, possible=page < pages),
        cls="paging",
    )


def _page_link(place: RunPlace, text: str, page: int, *, possible: bool) -> Tree:
    if not possible:
        return h("span", text, cls="off")
    return h("a", text, href=place.but(page=page).address, data_act="epochs-page", data_value=page)


def _epoch(epoch: int, values: Sequence[float | None], *, is_inherited: bool) -> Tree:
    cells = [h("td", words.number(value), cls=_number_class(value)) for value in values]
    return h(
        "tr",
        h("th", str(epoch), cls="num", scope="row", title="inherited" if is_inherited else None),
        *cells,
        data_key=epoch,
        cls="inherited" if is_inherited else "",
    )


def _number_class(value: float | None) -> str:
    if value is None:
        return "num none"
    return "num" if math.isfinite(value) else "num strange"
