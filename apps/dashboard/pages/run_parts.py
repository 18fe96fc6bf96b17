"""Pieces of markup about a run that several pages show."""

from __future__ import annotations

from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from nntracker_ray.records import RunRow, RunState

EXPLANATIONS = {
    RunState.QUEUED: "waits for its CPUs and GPUs",
    RunState.STARTING: "a worker has it and builds the model",
    RunState.RUNNING: "training",
    RunState.PAUSING: "asked to pause; still at work",
    RunState.PAUSED: "checkpoint written, hardware given back",
    RunState.STOPPING: "asked to stop; still at work",
    RunState.STOPPED: "ended before its last epoch, by a person",
    RunState.FINISHED: "made every epoch",
    RunState.FAILED: "ended by an error",
}


def state_chip(state: RunState) -> Tree:
    """A dot and the word; the colour is never the only sign."""
    return h("span", h("span", cls="dot"), str(state), cls=f"chip {state}", title=EXPLANATIONS[state])


def progress_bar(row: RunRow) -> Tree:
    """Epochs done of all, as a bar and as numbers."""
    share = row.epochs_done / row.total_epochs if row.total_epochs else 0.0
    bar = h(
        "span",
        h("span", cls="done", data_share=round(share, 4)),
        cls=f"progress {row.state}",
        role="progressbar",
        aria_label="epochs done",
        aria_valuenow=row.epochs_done,
        aria_valuemin=0,
        aria_valuemax=row.total_epochs,
    )
    return h("span", bar, h("span", f"{row.epochs_done}/{row.total_epochs}", cls="count"), cls="epochs")


def message(title: str, *lines: str | Tree, cls: str = "") -> Tree:
    """A page's word to its reader instead of content."""
    said = [line if isinstance(line, list) else h("p", line) for line in lines]
    return h("section", h("h1", title), *said, cls=f"message {cls}".strip(), role="status")
