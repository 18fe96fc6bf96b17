"""A place for a figure that is drawn anew when there is more to show; where a person has zoomed stays in sight."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

import holoviews as hv
import panel as pn
from bokeh.models import Range1d

AXES: Final = ("x_range", "y_range")


class FigurePane:
    """Call where the page's document may be changed."""

    def __init__(self) -> None:
        self.pane = pn.pane.Bokeh(None, sizing_mode="stretch_width", margin=0)
        self._key: Hashable = None
        self._subject: Hashable = None
        # By axis: where it begins and ends when nobody has zoomed.
        self._whole: dict[str, tuple[Any, Any]] = {}

    def show(self, key: Hashable, make: Callable[[], Any], *, subject: Hashable = None) -> None:
        """Draw what `make` gives (a HoloViews object), unless `key` is that of what is drawn.

        Args:
            subject: What it is about, however much of it there is by now; None: always something else.
        """
        if key == self._key:
            return
        figure = hv.render(make())
        chosen = self._chosen() if subject is not None and subject == self._subject else {}
        self._key, self._subject = key, subject
        self._whole = {
            axis: (found.start, found.end)
            for axis in AXES
            if isinstance(found := getattr(figure, axis), Range1d)
        }
        for axis in chosen.keys() & self._whole.keys():
            (start, end), (first, last) = chosen[axis], self._whole[axis]
            # The button that undoes it leads to all that there is now.
            getattr(figure, axis).update(start=start, end=end, reset_start=first, reset_end=last)
        self.pane.object = figure

    def _chosen(self) -> dict[str, tuple[Any, Any]]:
        """The axes along which a person has zoomed or moved, and where to."""
        found = {axis: getattr(self.pane.object, axis) for axis in self._whole}
        return {
            axis: (there.start, there.end)
            for axis, there in found.items()
            if (there.start, there.end) != self._whole[axis]
        }
