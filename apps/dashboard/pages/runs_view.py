"""What the list of runs shows, as markup worked out from plain records."""

from __future__ import annotations

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from apps.dashboard.components.upload import upload_row
from apps.dashboard.pages.run_parts import message
from apps.dashboard.pages.runs_bars import filter_bar, selection_bar
from apps.dashboard.pages.runs_found import RunsPage
from apps.dashboard.pages.runs_table import runs_table
from apps.dashboard.runs_place import PAGE_SIZE


def runs_view(page: RunsPage) -> Tree:
    """The whole list."""
    if not page.total and not page.place.is_filtered:
        return _empty(page)
    body = _nothing_matches() if not page.rows else runs_table(page)
    bars = filter_bar(page.place, page.tags), body, selection_bar(page.selected, page.total)
    return h("div", _title(page), *bars, _import() if page.may_act else None)


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


def _empty(page: RunsPage) -> Tree:
    if not page.may_act:
        return message("Nothing to see yet", "Nobody has shared an experiment with you.", cls="empty")
    return message(
        "No runs yet",
        "An experiment names a model, a dataset, and the optimizers, losses and learning rates to try.",
        h("p", h("a", "Make one here", href="/new", cls="main-link")),
        "or submit a file, and its runs appear here while they train:",
        h("pre", h("code", "nntracker run experiment.json")),
        h("p", "Runs that were taken out of another NNTracker come in by their archive:"),
        _import(),
        cls="empty",
    )


def _import() -> Tree:
    upload = upload_row("Import an archive", "/api/archives/import", act="imported", accept=".zip")
    return h("div", upload, data_uploads=True, data_key="import", cls="import")


def _nothing_matches() -> Tree:
    return message(
        "No run matches",
        h("p", h("a", "Show all runs", href="/", data_act="clear-filters", cls="main-link")),
        cls="empty small",
    )


def _title(page: RunsPage) -> Tree:
    about = words.plural(page.total, "run") + (" match" if page.place.is_filtered else "")
    return h("header", h("h1", "Runs"), h("span", about, cls="about"), _paging(page), cls="title")


def _paging(page: RunsPage) -> Tree | None:
    if page.pages == 1 and page.place.page == 1:
        return None
    first = page.place.offset + 1
    last = min(page.total, page.place.offset + PAGE_SIZE)
    return h(
        "nav",
        h("span", f"{first:,} to {last:,} of {page.total:,}", cls="num"),
        _page_link(page, "Newer", -1, possible=page.place.page > 1),
        _page_link(page, "Older", 1, possible=page.place.page < page.pages),
        cls="paging",
        aria_label="Pages of runs",
    )


def _page_link(page: RunsPage, text: str, step: int, *, possible: bool) -> Tree:
    if not possible:
        return h("span", text, cls="off")
    number = page.place.page + step
    return h("a", text, href=page.place.but(page=number).address, data_act="page", data_value=number)
