"""The tab Files: everything of a run that can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_general import card
from nntracker_ray.checkpoints.info import CheckpointInfo

FORMS = (("keras", "Keras model"), ("weights", "weights, NPZ"), ("checkpoint", "as it is"))


def files_view(run_id: UUID, checkpoints: Sequence[CheckpointInfo], captured: Sequence[int]) -> Tree:
    """Links to download; what is not there yet says when it will be.

    Args:
        captured: Epochs at which weights were captured, ascending.
    """
    base = f"/api/runs/{run_id}"
    whole = h(
        "ul",
        _file(f"{base}/archive", "Archive", "everything below, with a report that opens without a server"),
        _file(f"{base}/files/metrics.csv", "Metrics, CSV", "every value by metric, epoch and step"),
        _file(f"{base}/files/metrics.parquet", "Metrics, Parquet", "the same, bit for bit"),
        _file(
            f"{base}/files/experiment.json", "Experiment file", "as submitted; submit it again to train anew"
        ),
        _file(f"{base}/files/run.json", "Specification", "everything that determines this run"),
        cls="files",
    )
    cards = [
        card("Whole run", whole),
        card(
            "Checkpoints", _checkpoints(base, checkpoints), about=words.plural(len(checkpoints), "checkpoint")
        ),
        card("Captured weights", _captures(base, captured), about=words.plural(len(captured), "epoch")),
    ]
    return h("div", *cards, cls="cards files-cards")


def _file(address: str, name: str, about: str) -> Tree:
    return h("li", h("a", name, href=address, download="", cls="main-link"), h("span", about, cls="about"))


def _checkpoints(base: str, checkpoints: Sequence[CheckpointInfo]) -> Tree:
    if not checkpoints:
        return h("p", "The first one is kept when the first epoch has ended.", cls="about")
    head = h(
        "thead", h("tr", *(h("th", title, scope="col") for title in ("Name", "Epochs", "Size", "Download")))
    )
    lines = [_checkpoint(base, info) for info in reversed(checkpoints)]
    return h("table", head, h("tbody", *lines), cls="numbers words")


def _checkpoint(base: str, info: CheckpointInfo) -> Tree:
    address = f"{base}/checkpoints/{quote(info.name)}"
    links = [
        h(
            "a",
            title,
            href=f"{address}?as={form}",
            download="",
            cls="main-link",
            aria_label=f"{info.name} {title}",
        )
        for form, title in FORMS
    ]
    value = f" ({info.metric} {words.number(info.value)})" if info.metric and info.value is not None else ""
    return h(
        "tr",
        h("th", info.name, scope="row"),
        h("td", f"{info.epochs_done}{value}"),
        h("td", f"{info.bytes / 1e6:.1f} MB"),
        h("td", h("span", *links, cls="file-links")),
        data_key=info.name,
    )


def _captures(base: str, captured: Sequence[int]) -> Tree:
    if not captured:
        return h("p", "The first capture is made at the end of epoch 0.", cls="about")
    links = [
        h(
            "a",
            str(epoch),
            href=f"{base}/captures/{epoch}",
            download="",
            cls="main-link",
            aria_label=f"Weights of epoch {epoch}",
            data_key=epoch,
        )
        for epoch in captured
    ]
    about = h("p", "NPZ, every array of every layer; choose the epoch:", cls="about")
    return h("div", about, h("div", *links, cls="epoch-links"))
