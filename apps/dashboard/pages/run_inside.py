"""The inside of a run: heat maps, lines, update ratios, histograms and similarities of its layers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import panel as pn

from apps.dashboard.components.chart_grid import CARD, GRID, NO_EXTRAS
from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.components.figure_pane import FigurePane
from apps.dashboard.components.line_chart import LineChart
from apps.dashboard.inside_store import InsideStore
from apps.dashboard.pages.inside_figures import chart_of, figures_of
from apps.dashboard.pages.inside_shown import Shown, shown_of
from apps.dashboard.pages.inside_words import authors_words
from apps.dashboard.pages.run_inside_bar import inside_bar
from apps.dashboard.pages.run_inside_view import Inside, legend_view, notes_view, nothing_view, title_view
from apps.dashboard.run_place import RunPlace
from apps.dashboard.session import in_background
from apps.heavy_work import Lane
from nntracker_ray.errors import NNTrackerError
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.metric_array_queries import StoredArrays
from nntracker_ray.storage.tables import Columns

log = logging.getLogger(__name__)

NOTHING = h("div")
OF_LINES = (Picture.LINES, Picture.RATIO)


class InsidePanel:
    """Follows the place and what is recorded. Call everything where the page's document may be changed."""

    def __init__(
        self, database: Database, viewer_id: UUID, run_id: UUID, on_deed: Callable[[Deed], None]
    ) -> None:
        self._store = InsideStore(database, viewer_id, run_id)
        self._attempt = -1
        self._wanted: Shown | None = None
        self._drawn: Shown | None = None
        self._is_reading = False
        self._arranged: object = None
        self._bar = Elements(NOTHING).on_deed(on_deed)
        self._notes, self._title, self._second_title, self._legend = (Elements(NOTHING) for _ in range(4))
        self._lines, self._figure, self._second = LineChart(), FigurePane(), FigurePane()
        self._body = pn.Column(sizing_mode="stretch_width", margin=0, stylesheets=[NO_EXTRAS])
        self.layout = pn.Column(
            self._bar, self._notes, self._body, sizing_mode="stretch_width", margin=(0, 0, 12, 0),
            stylesheets=[NO_EXTRAS],
        )  # fmt: skip

    def show(self, place: RunPlace, inside: Inside) -> None:
        """Draw what the place says, if it is not drawn already."""
        wanted = shown_of(place.inside, inside.series)
        summary = authors_words(wanted.metric, inside.observed, known_metrics()) if wanted else ""
        bar = inside_bar(place.inside, wanted, inside.series, summary=summary) if inside.series else NOTHING
        self._bar.update(bar)
        self._notes.update(notes_view(inside))
        if wanted is None:
            self._wanted = self._drawn = self._arranged = None
            self._body[:] = [Elements(nothing_view(inside, place.inside.picture))]
            return
        if inside.attempt != self._attempt:
            self._attempt, self._drawn = inside.attempt, None
        self._wanted = wanted
        self._read()

    def _read(self) -> None:
        """One reading at a time: looks may come faster than all of them can be read."""
        wanted = self._wanted
        if wanted is not None and wanted != self._drawn and not self._is_reading:
            self._is_reading = True
            work = partial(self._found_or_not, wanted, self._attempt)
            in_background(work, partial(self._draw, wanted), lane=Lane.NUMBERS)

    def _found_or_not(self, wanted: Shown, attempt: int) -> Columns | StoredArrays | None:
        try:
            return self._store.read(wanted, attempt)
        except NNTrackerError:
            return None  # the page says that the database is away, and shows again when it is back
        except Exception:
            log.exception("what was seen inside a run could not be read")
            return None

    def _draw(self, wanted: Shown, found: Columns | StoredArrays | None) -> None:
        self._is_reading = False
        if found is None:
            self._wanted = None if self._wanted == wanted else self._wanted
        elif self._wanted is not None and wanted.subject == self._wanted.subject:
            self._drawn = wanted
            self._arrange(wanted.picture)
            self._draw_found(wanted, found)
        self._read()  # somebody may have chosen another metric meanwhile, and another look may have come

    def _draw_found(self, shown: Shown, found: Columns | StoredArrays) -> None:
        if shown.picture in OF_LINES:
            assert not isinstance(found, StoredArrays)  # noqa: S101 - for the type checker: they are of numbers
            chart = chart_of(shown, found)
            self._title.update(title_view(shown))
            self._legend.update(legend_view(chart))
            self._lines.show(chart)
            return
        first, *others = figures_of(shown, found)
        self._title.update(title_view(shown, first.words))
        self._figure.show((self._attempt, shown), first.make, subject=shown.subject)
        for one in others:
            self._second_title.update(title_view(shown, one.words))
            self._second.show((self._attempt, shown), one.make, subject=shown.subject)

    def _arrange(self, picture: Picture) -> None:
        if (kind := OF_LINES if picture in OF_LINES else picture) == self._arranged:
            return
        self._arranged = kind
        if picture in OF_LINES:
            self._body[:] = [_card(self._title, self._lines.pane, self._legend)]
        elif picture is Picture.HISTOGRAM:
            cards = _card(self._title, self._figure.pane), _card(self._second_title, self._second.pane)
            both = pn.Column(
                *cards, styles=GRID, stylesheets=[NO_EXTRAS], margin=0, sizing_mode="stretch_width"
            )
            self._body[:] = [both]
        else:
            self._body[:] = [_card(self._title, self._figure.pane)]


def _card(*content: Any) -> Any:
    return pn.Column(*content, styles=CARD, margin=0, sizing_mode="stretch_width", stylesheets=[NO_EXTRAS])
