"""Comparisons: `/compare?tag=nightly&view=groups`, and the tab *Comparisons* of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import panel as pn

from apps.api.sign_in import PageCaller
from apps.dashboard.compare_charts import Drawing, drawing_of
from apps.dashboard.compare_deeds import after
from apps.dashboard.compare_place import ComparePlace
from apps.dashboard.compare_reader import CompareReader, Found, Offer
from apps.dashboard.components.chart_grid import CARD
from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.components.figure_pane import FigurePane
from apps.dashboard.components.line_chart import LineChart
from apps.dashboard.given import typed
from apps.dashboard.live import Refresher
from apps.dashboard.page import page, page_caller
from apps.dashboard.pages.compare_figures import FIGURES
from apps.dashboard.pages.compare_view import below_view, top_view
from apps.dashboard.pages.runs_view import away_view, loading_view
from apps.dashboard.serving import Platform
from apps.dashboard.session import in_background, on_this_page
from nntracker_ray.errors import DatabaseAwayError

PAUSE_S = 0.4  # a hundred runs that train at once should not draw a hundred times a second
NOTHING = h("div")


def compare_page(platform: Platform) -> Any:
    """Build the page for one visitor. It reads the database once it is open, never while it is built."""
    return page("Compare", [Comparisons(platform, page_caller()).layout])


@dataclass(frozen=True, slots=True)
class Shown:
    """One reading, and the chart made of it."""

    found: Found
    drawing: Drawing | None


class Comparisons:
    """What one visitor compares. All but `_fetch` runs where the page's document may be changed.

    Args:
        run_id: The run whose page this is part of; None for a page of its own.
    """

    def __init__(self, platform: Platform, caller: PageCaller, run_id: UUID | None = None) -> None:
        self._place = ComparePlace.read(pn.state.session_args)
        self._base = "/compare" if run_id is None else f"/run?id={run_id}&tab=comparisons"
        self._title = h("header", h("h1", "Compare"), cls="title") if run_id is None else None
        self._reader = CompareReader(platform.database, caller.viewer_id, run_id)
        self._run_ids: frozenset[str] | None = None  # that are compared; None: not known yet
        self._shown: Shown | None = None
        self._offers: Sequence[Offer] = ()
        self._search = ""
        self._top = Elements(loading_view()).on_deed(self._on_deed)
        self._below = Elements(NOTHING).on_deed(self._on_deed)
        self._chart, self._figures = LineChart(), (FigurePane(), FigurePane())
        self._card = pn.Column(
            self._chart.pane, styles=CARD, margin=(0, 0, 12, 0), sizing_mode="stretch_width", visible=False
        )
        self.layout = pn.Column(self._top, self._card, self._below, sizing_mode="stretch_width", margin=0)
        self._refresher = on_this_page(
            lambda show: Refresher(
                platform.feed,
                concerns=self._concerns,
                fetch=self._fetch,
                show=show(self._show),
                show_away=show(lambda: self._top.update(away_view())),
                pause_s=PAUSE_S,
            )
        )
        pn.state.onload(lambda: self._look_for(""))

    def _concerns(self, run_id: str) -> bool:
        # Who is in a tag or an experiment may change with a run that is not known yet.
        return self._run_ids is None or run_id in self._run_ids or self._place.has_groups

    def _fetch(self) -> Shown:
        found = self._reader.read(self._place)
        return Shown(found, drawing_of(found))

    def _show(self, shown: Shown) -> None:
        if shown.found.asked == self._place:  # else the person has moved on meanwhile
            self._shown = shown
            self._run_ids = frozenset(str(row.run_id) for row in shown.found.rows)
            self._draw()
            if not shown.found.members:
                self._look_for(self._search)  # there may be something to begin with by now

    def _draw(self) -> None:
        if self._shown is None:
            return
        found, drawing = self._shown.found, self._shown.drawing
        self._top.update(top_view(found, self._offers, self._search, title=self._title))
        panes = self._panes(found, drawing)
        if list(self._card.objects) != panes:
            self._card[:] = panes
        self._card.visible = bool(panes)
        self._below.update(below_view(found, drawing))

    def _panes(self, found: Found, drawing: Drawing | None) -> list[Any]:
        if found.problem or not found.members:
            return []
        if drawing is not None:
            self._chart.show(drawing.chart)
            return [self._chart.pane]
        make = FIGURES.get(found.place.shown_view)
        figures = make(found) if make else []
        for pane, (key, draw) in zip(self._figures, figures, strict=False):
            pane.show(key, draw)
        return [pane.pane for pane, _ in zip(self._figures, figures, strict=False)]

    def _on_deed(self, deed: Deed) -> None:
        if deed.act == "search":
            self._look_for(typed(deed.value, 200).strip())
            return
        self._go(after(self._here, deed))

    @property
    def _here(self) -> ComparePlace:
        """What was found says more than the address: which subjects a run's tab began with."""
        is_shown = self._shown is not None and self._shown.found.asked == self._place
        return self._shown.found.place if self._shown and is_shown else self._place

    @property
    def address(self) -> str:
        """Path and query of what is shown."""
        return self._place.address(self._base)

    def _go(self, place: ComparePlace) -> None:
        self._place = place
        self._top.show_place(self.address)
        in_background(self._fetch_now, self._show_if_there)

    def _fetch_now(self) -> Shown | None:
        """At once: the refresher may be resting."""
        try:
            return self._fetch()
        except DatabaseAwayError:
            return None

    def _show_if_there(self, shown: Shown | None) -> None:
        if shown is None:
            self._refresher.wake()
        else:
            self._show(shown)

    def _look_for(self, search: str) -> None:
        self._search = search

        def offer(offers: Sequence[Offer]) -> None:
            if search == self._search:
                self._offers = offers
                self._draw()

        in_background(lambda: self._reader.offers(search), offer)


__all__ = ["Comparisons", "compare_page"]
