"""A button that takes a file and sends it over HTTP, with a bar while it goes; see uploads.js."""

from __future__ import annotations

from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree


def upload_row(title: str, address: str, *, act: str, accept: str) -> Tree:
    """The button and the line beside it. Has to stand inside an element with `data_uploads`.

    Args:
        address: Where the file is sent.
        act: The deed once it is there; its value is the `name` of the answer.
        accept: Endings and media types that the browser offers: ".zip,application/zip".
    """
    field = h(
        "input", type="file", data_upload=address, data_act=act, accept=accept, cls="unseen", aria_label=title
    )
    return h(
        "div",
        h("label", field, h("span", title), cls="upload"),
        h("span", cls="upload-line", data_progress=True),
        cls="upload-row",
    )
