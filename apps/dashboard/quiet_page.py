"""A repair of panel-material-ui 0.16: its Page listens to everybody."""

from __future__ import annotations

from typing import Any

import panel_material_ui as pmui
import param
from panel.util import edit_readonly


class QuietPage(pmui.Page):  # type: ignore[misc]
    """A page that knows nothing of how busy the server is.

    As released, whatever anybody does on any page tells every page twice, "busy" and "not busy", which costs each some
    30 ms of the server; and the server, which tells them, keeps every page that was ever opened.
    """

    busy = param.Parameter(default=False, readonly=True, allow_refs=False, doc="Never: shown nowhere here.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        with edit_readonly(self):
            self.busy = False  # until here it held what it would have listened to
