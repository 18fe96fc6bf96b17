"""The list of runs: `/`, `/?state=running&sort=-metric:val_accuracy`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import panel as pn

from apps.api.sign_in import PageCaller
from apps.dashboard.acting import Acting, Said
from apps.dashboard.compare_place import MOST_SUBJECTS
from apps.dashboard.components.dialogs import CLOSE, NO_DIALOG
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.notices import Notices
from apps.dashboard.components.trees import Tree
from apps.dashboard.given import typed, uuid_of
from apps.dashboard.live import Refresher
from apps.dashboard.page import page, page_caller
from apps.dashboard.pages.runs_dialogs import delete_dialog, tag_dialog
from apps.dashboard.pages.runs_drawn import DrawnRows
from apps.dashboard.pages.runs_found import FoldMean, RunsPage
from apps.dashboard.pages.runs_view import away_view, loading_view, runs_view
from apps.dashboard.pages.share_dialog import ShareDialog
from apps.dashboard.runs_place import PAGE_SIZE, RunsPlace, page_number
from apps.dashboard.serving import Platform
from apps.dashboard.session import in_background, on_this_page
from nntracker_ray.accounts.roles import Role
from nntracker_ray.commands import Verb
from nntracker_ray.errors import BadInputError, DatabaseAwayError
from nntracker_ray.records import RunRow, RunState
from nntracker_ray.run_lists import RunOrder
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.tag_writes import list_tags

PAUSE_S = 0.4  # a hundred runs that train at once should not redraw the list a hundred times a second
MOST_SELECTED = 10_000
MOST_TAGS = 200
TAGS_KEPT_S = 10.0  # to count all tags takes as long as to read a page; what one does oneself is seen at once


def runs_page(platform: Platform) -> Any:
    """Build the page for one visitor. It reads the database once it is open, never while it is built."""
    return RunsList(platform, page_caller(), RunsPlace.read(pn.state.session_args)).layout


class RunsList:
    """One visitor's list. All but `_fetch` runs where the page's document may be changed."""

    def __init__(self, platform: Platform, caller: PageCaller, place: RunsPlace) -> None:
        self._platform, self._caller, self._place = platform, caller, place
        self._may_act = caller.user_id is not None and caller.role.allows(Role.USER)
        self._acting = Acting(platform.database, platform.home, caller.viewer_id, caller.name)
        self._selected: frozenset[UUID] = frozenset()
        self._doomed: Sequence[
            UUID
        ] = ()  # what the question about deleting is about, whatever is selected by then
        self._found: RunsPage | None = None
        self._drawn = DrawnRows()
        self._tags: tuple[str, ...] = ()
        self._tags_until_s = 0.0  # on the monotonic clock
        self._listing = Elements(loading_view()).on_deed(self._on_deed)
        self._dialog = Elements(NO_DIALOG).on_deed(self._on_deed)
        self._notices = Notices()
        self._sharing = ShareDialog(platform.database, caller, self._notices)
        self._refresher = on_this_page(
            lambda show: Refresher(
                platform.feed,
                concerns=lambda _run_id: True,
                fetch=self._fetch,
                show=show(self._show),
                show_away=show(lambda: self._listing.update(away_view())),
                pause_s=PAUSE_S,
            )
        )
        self.layout = page(
            "Runs", [self._listing, self._dialog, *self._sharing.elements, self._notices.elements]
        )

    def _fetch(self) -> RunsPage:
        place = self._place
        with self._platform.database.connection() as conn:
            found = queries.page_of_runs(
                conn,
                viewer_id=self._caller.viewer_id,
                wanted=place.wanted,
                order=place.order,
                limit=PAGE_SIZE,
                offset=place.offset,
            )
            folds = fold_means(conn, self._caller.viewer_id, found.rows)
            if time.monotonic() > self._tags_until_s:
                tags = list_tags(conn, viewer_id=self._caller.viewer_id, limit=MOST_TAGS)
                self._tags = tuple(row.tag for row in tags)
                self._tags_until_s = time.monotonic() + TAGS_KEPT_S
        return RunsPage(
            found.rows,
            found.total,
            place,
            datetime.now(UTC),
            self._caller.name,
            self._may_act,
            folds=folds,
            tags=self._tags,
            drawn=self._drawn,
        )

    def _show(self, found: RunsPage) -> None:
        if found.place == self._place:  # else the person has moved on meanwhile
            self._found = found
            self._draw()

    def _draw(self) -> None:
        if self._found is not None:
            self._listing.update(runs_view(replace(self._found, selected=self._selected)))

    def _go(self, place: RunsPlace) -> None:
        self._place = place
        self._listing.show_place(place.address)
        self._refresher.wake()

    def _on_deed(self, deed: Deed) -> None:
        if deed.act in PLACES:
            self._go(place_after(self._place, deed))
        elif deed.act in CHOICES:
            self._choose(deed)
        elif deed.act == CLOSE:
            self._dialog.update(NO_DIALOG)
        elif deed.act == "share":
            self._share(uuid_of(deed.value))
        elif deed.act == "imported":
            self._told(Said(f"{deed.value} came in"))
        elif self._may_act:
            self._act(deed)

    def _share(self, experiment_id: UUID | None) -> None:
        names = {row.experiment_id: row.experiment for row in self._found.rows} if self._found else {}
        if experiment_id in names:
            self._sharing.open(experiment_id, names[experiment_id])

    def _choose(self, deed: Deed) -> None:
        shown = {row.run_id for row in self._found.rows} if self._found else set()
        match deed.act:
            case "select" if (run_id := uuid_of(deed.value)) is not None:
                self._selected = self._selected | {run_id} if deed.checked else self._selected - {run_id}
            case "select-page":
                self._selected = self._selected | shown if deed.checked else self._selected - shown
            case "select-none":
                self._selected = frozenset()
            case "select-all":
                in_background(self._all_that_match, self._select)
                return
            case "bulk-compare":
                runs = "&".join(f"run={run_id}" for run_id in sorted(self._selected, key=str)[:MOST_SUBJECTS])
                self._listing.load(f"/compare?{runs}")
        self._draw()

    def _all_that_match(self) -> frozenset[UUID] | None:
        """None when the database does not answer."""
        try:
            with self._platform.database.connection() as conn:
                found = queries.page_of_runs(
                    conn,
                    viewer_id=self._caller.viewer_id,
                    wanted=self._place.wanted,
                    order=RunOrder(),
                    limit=MOST_SELECTED,
                )
        except DatabaseAwayError:
            return None
        return frozenset(row.run_id for row in found.rows)

    def _select(self, run_ids: frozenset[UUID] | None) -> None:
        if run_ids is None:
            self._notices.say("The database does not answer; the selection is as it was", is_bad=True)
            return
        self._selected = run_ids
        self._draw()

    def _act(self, deed: Deed) -> None:
        verb, run_ids = self._meant(deed)
        if not run_ids:
            return
        match deed.act:
            case "bulk-tag":
                tags = self._found.tags if self._found else ()
                self._ask(tag_dialog(len(run_ids), tags))
            case "give-tags":
                self._dialog.update(NO_DIALOG)
                add, remove = _split(deed.only("add")), _split(deed.only("remove"))
                self._do(lambda: self._acting.tag(run_ids, add=add, remove=remove))
            case "delete-for-good":
                self._dialog.update(NO_DIALOG)
                self._selected -= frozenset(run_ids)
                self._do(lambda: self._acting.give(Verb.DELETE, run_ids))
            case _ if verb is Verb.DELETE:
                self._doomed = run_ids
                in_background(
                    lambda: self._acting.cost_of_deletion(run_ids),
                    lambda costs: self._ask(delete_dialog(costs, _names(self._found, run_ids))),
                )
            case _ if verb is not None:
                self._do(lambda: self._acting.give(verb, run_ids))

    def _meant(self, deed: Deed) -> tuple[Verb | None, Sequence[UUID]]:
        """What is to be done with which runs: one, by its own menu; or those that are selected."""
        word = deed.act.removeprefix("bulk-")
        verb = Verb(word) if word in [*Verb] else None
        if deed.act == "delete-for-good":
            return Verb.DELETE, self._doomed
        if verb is not None and deed.act == word:
            return verb, [run_id] if (run_id := uuid_of(deed.value)) else []
        return verb, sorted(self._selected, key=str)

    def _ask(self, question: Tree) -> None:
        self._dialog.update(question)

    def _do(self, work: Any) -> None:
        in_background(work, self._told)

    def _told(self, said: Said) -> None:
        self._notices.say(said.text, is_bad=said.is_bad)
        self._tags_until_s = 0.0
        self._refresher.wake()


def fold_means(
    conn: Connection, viewer_id: UUID, rows: Sequence[RunRow]
) -> Mapping[UUID, Sequence[FoldMean]]:
    """The spread over folds of every experiment on a page that has folds."""
    found: dict[UUID, list[FoldMean]] = defaultdict(list)
    for experiment_id in {row.experiment_id for row in rows if row.fold is not None}:
        summary = queries.fold_summary(conn, viewer_id=viewer_id, experiment_id=experiment_id)
        names = ("name", "runs", "metric", "mean", "std")
        found[experiment_id] = [
            FoldMean(*one) for one in zip(*(summary[name] for name in names), strict=True)
        ]
    return found


CHOICES = frozenset({"select", "select-page", "select-none", "select-all", "bulk-compare"})


def place_after(place: RunsPlace, deed: Deed) -> RunsPlace:
    """Where a deed leads; to the same place where it says something that cannot be."""
    try:
        return PLACES[deed.act](place, deed)
    except (ValueError, BadInputError):
        return place


# What changes the place: from where one is, and what one did, to where one goes.
PLACES: Mapping[str, Callable[[RunsPlace, Deed], RunsPlace]] = {
    "search": lambda place, deed: place.but(search=typed(deed.value, 200).strip()),
    "state": lambda place, deed: place.but(states=_toggled(place.states, deed)),
    "tag": lambda place, deed: place.but(tag=typed(deed.value, 200)),
    "order": lambda place, deed: place.but(order=RunOrder.read(typed(deed.value, 200))),
    "sort": lambda place, deed: place.sorted_by(RunOrder.read(typed(deed.value, 200)).column),
    "page": lambda place, deed: place.but(page=page_number(deed.value)),
    "clear-filters": lambda place, _deed: RunsPlace(order=place.order),
}


def _toggled(states: Sequence[RunState], deed: Deed) -> tuple[RunState, ...]:
    chosen = {*states, RunState(deed.value)} if deed.checked else {*states} - {RunState(deed.value)}
    return tuple(state for state in RunState if state in chosen)


def _names(found: RunsPage | None, run_ids: Sequence[UUID]) -> Sequence[str]:
    names = {row.run_id: row.name for row in found.rows} if found else {}
    return [names.get(run_id, str(run_id)[:8]) for run_id in run_ids]


def _split(text: str) -> list[str]:
    return [tag for part in text.split(",") if (tag := part.strip())]
