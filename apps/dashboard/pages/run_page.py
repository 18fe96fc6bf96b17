"""One run: `/run?id=UUID&tab=graphs&axis=time&smooth=0.6`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import panel as pn

from apps.api.sign_in import PageCaller
from apps.dashboard.acting import Said
from apps.dashboard.components.chart_grid import NO_EXTRAS, ChartGrid
from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.components.notices import Notices
from apps.dashboard.live import Refresher
from apps.dashboard.page import page, page_caller
from apps.dashboard.pages import run_graph_bar, run_inside_bar, run_weight_pickers
from apps.dashboard.pages.compare_page import Comparisons
from apps.dashboard.pages.run_asking import RunAsking
from apps.dashboard.pages.run_epochs import epochs_view
from apps.dashboard.pages.run_files import files_view
from apps.dashboard.pages.run_general import general_view
from apps.dashboard.pages.run_head import head_view, not_found_view
from apps.dashboard.pages.run_history import history_view
from apps.dashboard.pages.run_inside import InsidePanel
from apps.dashboard.pages.run_reader import Fetched, RunReader
from apps.dashboard.pages.run_weights import WeightsPanel
from apps.dashboard.pages.runs_view import away_view, loading_view
from apps.dashboard.run_place import Graph, RunPlace, Tab
from apps.dashboard.serving import Platform
from apps.dashboard.session import on_this_page
from nntracker_ray.accounts.roles import Role
from nntracker_ray.figures import CurveView

PAUSE_S = 0.15
NOTHING_TO_SAY = h("div")


def run_page(platform: Platform) -> Any:
    """Build the page for one visitor. It reads the database once it is open, never while it is built."""
    place = RunPlace.read(pn.state.session_args)
    if place is None:
        return page("Run", [Elements(not_found_view())])
    return RunPage(platform, page_caller(), place).layout


class RunPage:
    """One visitor's page of a run. All but `_fetch` runs where the page's document may be changed."""

    def __init__(self, platform: Platform, caller: PageCaller, place: RunPlace) -> None:
        self._platform, self._caller, self._place = platform, caller, place
        may_act = caller.user_id is not None and caller.role.allows(Role.USER)
        self._reader = RunReader(platform.database, caller.viewer_id, may_act=may_act)
        self._found: Fetched | None = None
        self._arranged: tuple[Tab, Graph] | None = None
        self._notice = Elements(loading_view())
        self._head = self._elements()
        self._bar = self._elements()
        self._general, self._epochs, self._history = self._elements(), self._elements(), self._elements()
        self._files = self._elements()
        self._charts = ChartGrid()
        self._weights = WeightsPanel(platform.database, caller.viewer_id, place.run_id, self._on_deed)
        self._inside = InsidePanel(platform.database, caller.viewer_id, place.run_id, self._on_deed)
        self._comparisons: Comparisons | None = None
        self._notices = Notices()
        self._asking = RunAsking(platform, caller, place.run_id, may_act=may_act, told=self._told)
        self._body = pn.Column(self._notice, sizing_mode="stretch_width", margin=0, stylesheets=[NO_EXTRAS])
        self._refresher = on_this_page(
            lambda show: Refresher(
                platform.feed,
                concerns=lambda changed: changed == str(place.run_id),
                fetch=self._fetch,
                show=show(self._show),
                show_away=show(lambda: self._notice.update(away_view())),
                pause_s=PAUSE_S,
            )
        )
        parts = [self._head, self._body, self._asking.dialog, self._notices.elements]
        self.layout = page("Run", parts)

    def _elements(self) -> Elements:
        return Elements(NOTHING_TO_SAY).on_deed(self._on_deed)

    def _fetch(self) -> tuple[RunPlace, Fetched | None]:
        place = self._place
        return place, self._reader.read(place)

    def _show(self, read: tuple[RunPlace, Fetched | None]) -> None:
        place, found = read
        if (place.tab, place.graph) != (self._place.tab, self._place.graph):
            self._refresher.wake()  # the person has moved on meanwhile: this was read for what they saw before
            return
        self._found = found
        if found is None:
            self._show_gone()
            return
        self._notice.update(NOTHING_TO_SAY)
        # What else they have changed meanwhile is not read but drawn.
        self._head.update(head_view(replace(found.head, place=self._place)))
        if (place.tab, place.graph) != self._arranged:
            self._arranged = (place.tab, place.graph)
            self._body[:] = [self._notice, *self._parts()]
        SHOWN[place.tab](self, found)

    def _show_gone(self) -> None:
        self._notice.update(not_found_view())
        self._head.update(NOTHING_TO_SAY)
        self._arranged = None
        self._body[:] = [self._notice]

    def _parts(self) -> list[Any]:
        match self._place.tab:
            case Tab.GENERAL:
                return [self._charts.layout, self._general, self._epochs, self._history]
            case Tab.GRAPHS if self._place.graph is Graph.CURVES:
                return [self._bar, self._charts.layout]
            case Tab.GRAPHS:
                return [self._bar, self._weights.layout]
            case Tab.INSIDE:
                return [self._inside.layout]
            case Tab.FILES:
                return [self._files]
        return [self._compared().layout]

    def _show_general(self, found: Fetched) -> None:
        assert found.details is not None  # noqa: S101 - for the type checker: read for this tab
        assert found.history is not None  # noqa: S101
        self._charts.show(found.rows, CurveView(), (), found.changes)
        self._general.update(general_view(found.details))
        self._epochs.update(epochs_view(found.rows.frame, self._place))
        self._history.update(history_view(found.history))

    def _show_graphs(self, found: Fetched) -> None:
        self._bar.update(run_graph_bar.graph_bar(self._place, found.rows.latest))
        if self._place.graph is Graph.CURVES:
            self._charts.show(found.rows, self._place.view, self._place.metrics, found.changes)
        else:
            self._weights.show(self._place, found.arrays)

    def _show_inside(self, found: Fetched) -> None:
        assert found.inside is not None  # noqa: S101 - for the type checker: read for this tab
        self._inside.show(self._place, found.inside)

    def _show_files(self, found: Fetched) -> None:
        captured = sorted({epoch for array in found.arrays for epoch in array["epochs"]})
        self._files.update(files_view(self._place.run_id, found.checkpoints, captured))

    def _show_comparisons(self, _found: Fetched) -> None:
        """They follow by themselves."""

    def _compared(self) -> Comparisons:
        if self._comparisons is None:
            self._comparisons = Comparisons(self._platform, self._caller, run_id=self._place.run_id)
        return self._comparisons

    def _go(self, place: RunPlace) -> None:
        self._place = place
        is_compared = place.tab is Tab.COMPARISONS and self._comparisons is not None
        self._head.show_place(self._compared().address if is_compared else place.address)
        if self._found is None:
            self._refresher.wake()
            return
        self._head.update(head_view(replace(self._found.head, place=place)))
        if (place.tab, place.graph) == self._arranged:
            SHOWN[place.tab](self, self._found)  # at once: what it shows has been read
        else:
            self._refresher.wake()

    def _on_deed(self, deed: Deed) -> None:
        if (place := _place_after(self._place, deed)) is not None:
            self._go(place)
        elif self._found is not None:
            self._asking.hear(deed, self._found.head.row)

    def _told(self, said: Said) -> None:
        self._notices.say(said.text, is_bad=said.is_bad)
        if said.new_run_id is not None:
            self._head.load(RunPlace(said.new_run_id).address)
        self._refresher.wake()


SHOWN: Mapping[Tab, Callable[[RunPage, Fetched], None]] = {
    Tab.GENERAL: RunPage._show_general,
    Tab.GRAPHS: RunPage._show_graphs,
    Tab.INSIDE: RunPage._show_inside,
    Tab.COMPARISONS: RunPage._show_comparisons,
    Tab.FILES: RunPage._show_files,
}


def _place_after(place: RunPlace, deed: Deed) -> RunPlace | None:
    """Where a deed leads; None for one that leads nowhere else."""
    if deed.act == "tab":
        return place.but(tab=Tab(deed.value)) if deed.value in [*Tab] else None
    if deed.act == "epochs-page" and deed.value.isdecimal() and len(deed.value) < 10:
        return place.but(page=max(1, int(deed.value)))
    bars = (run_graph_bar, run_weight_pickers, run_inside_bar)
    return next((after for bar in bars if (after := bar.place_after(place, deed)) is not None), None)
