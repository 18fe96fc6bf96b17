"""What happened to a run: its states, changes of the learning rate, and what it printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.times import Form, local_time
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.run_general import card
from apps.dashboard.pages.run_parts import state_chip
from nntracker_ray.records import RunState
from nntracker_ray.storage.tables import Columns, lines_of

LOG_LINES = 200
MOST_CHANGES = 100  # of the learning rate: a schedule may change it at every epoch
STYLED_KINDS = frozenset({"warning", "stderr", "error", "critical"})


@dataclass(frozen=True, slots=True)
class RunHistory:
    """As fetched: `state_changes`, `adaptations` and the end of the log."""

    states: Columns
    adaptations: Columns
    log: Columns


def history_view(found: RunHistory) -> Tree:
    """States and changes side by side, the log below."""
    changes = lines_of(found.adaptations)
    cards = [card("History", _states(lines_of(found.states)))]
    if changes:
        cards.append(
            card("Changes of the learning rate", _adaptations(changes), about=_counted(len(changes)))
        )
    return h("div", h("div", *cards, cls="cards"), _log(lines_of(found.log)))


def running_since(states: Columns) -> datetime | None:
    """When it was last set to work; None while it is not."""
    found = list(zip(states["state"], states["time"], strict=True))
    if not found or found[-1][0] not in (RunState.RUNNING, RunState.PAUSING, RunState.STOPPING):
        return None
    return next((time for state, time in reversed(found) if state == RunState.RUNNING), None)


def _states(lines: Sequence[dict[str, Any]]) -> Tree:
    titles = ("Time", "State", "By", "Why")
    head = h("thead", h("tr", *(h("th", title, scope="col") for title in titles)))
    body = h("tbody", *(_state(line) for line in reversed(lines)))
    table = h("table", head, body, cls="numbers words")
    return h("div", table, cls="scroll", tabindex=0, role="region", aria_label="History of states")


def _state(line: dict[str, Any]) -> Tree:
    error = (line["error"] or "").strip()
    why = h("span", line["why"]) if line["why"] else None
    trace = h("details", h("summary", error.splitlines()[-1]), h("pre", error)) if error else None
    return h(
        "tr",
        h("td", local_time(line["time"], Form.SECOND), cls="moment"),
        h("td", state_chip(RunState(line["state"]))),
        h("td", line["by"] + (f", attempt {line['attempt']}" if line["attempt"] > 1 else "")),
        h("td", why, trace),
    )


def _counted(changes: int) -> str:
    return f"newest {MOST_CHANGES} of {changes:,}" if changes > MOST_CHANGES else f"{changes:,}"


def _adaptations(lines: Sequence[dict[str, Any]]) -> Tree:
    titles = (("Epoch", "num"), ("Step", "num"), ("From", "num"), ("To", "num"), ("Because of", ""))
    head = h("thead", h("tr", *(h("th", title, scope="col", cls=cls) for title, cls in titles)))
    body = [
        h(
            "tr",
            h("td", str(line["epoch"]), cls="num"),
            h("td", f"{line['step']:,}", cls="num"),
            h("td", words.learning_rate(line["old"]), cls="num"),
            h("td", words.learning_rate(line["new"]), cls="num"),
            h("td", line["cause"]),
            data_key=f"{line['parameter']} {line['step']}",
        )
        for line in reversed(lines[-MOST_CHANGES:])
    ]
    table = h("table", head, h("tbody", *body), cls="numbers words")
    return h("div", table, cls="scroll", tabindex=0, role="region", aria_label="Changes of the learning rate")


def _log(lines: Sequence[dict[str, Any]]) -> Tree:
    if not lines:
        return card("Log", h("p", "It has printed nothing yet.", cls="about"))
    about = f"newest {LOG_LINES} lines" if len(lines) == LOG_LINES else words.plural(len(lines), "line")
    body = h(
        "div",
        # Newest first: the stylesheet turns it round, and so the end stays in sight while lines arrive.
        *(_log_line(line) for line in reversed(lines)),
        cls="log",
        tabindex=0,
        role="log",
        aria_label="What the run printed",
    )
    return card("Log", body, about=about)


def _log_line(line: dict[str, Any]) -> Tree:
    kind = line["level"].lower() if line["level"] else line["source"]
    return h(
        "div",
        h("span", local_time(line["time"], Form.CLOCK), cls="moment"),
        h("span", kind, cls="kind"),
        h("span", line["text"], cls="text"),
        # Trainings name levels as they like: only what the stylesheet knows becomes a class.
        cls=f"line {kind}" if kind in STYLED_KINDS else "line",
        data_key=f"{line['attempt']}.{line['line_no']}",
    )
