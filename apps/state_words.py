"""States of runs in a terminal: a word, a sign that needs no colour, and a colour that needs no sign."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from nntracker_ray.records import RunState

SIGNS: Final = {
    RunState.QUEUED: ("○", "."),
    RunState.STARTING: ("◔", "^"),
    RunState.RUNNING: ("▶", ">"),
    RunState.PAUSING: ("▷", "~"),
    RunState.PAUSED: ("‖", "="),
    RunState.STOPPING: ("□", "~"),
    RunState.STOPPED: ("■", "#"),
    RunState.FINISHED: ("✓", "+"),
    RunState.FAILED: ("✗", "x"),
}
COLOURS: Final = {
    RunState.QUEUED: "cyan",
    RunState.STARTING: "blue",
    RunState.RUNNING: "bold blue",
    RunState.PAUSING: "yellow",
    RunState.PAUSED: "yellow",
    RunState.STOPPING: "magenta",
    RunState.STOPPED: "magenta",
    RunState.FINISHED: "green",
    RunState.FAILED: "bold red",
}


def state_text(state: RunState, console: Console) -> Text:
    """The state as a table shows it."""
    sign = SIGNS[state][0 if speaks_unicode(console) else 1]
    return Text(f"{sign} {state.value}", style=COLOURS[state])


def bar(done: int, total: int, console: Console, *, width: int = 8) -> str:
    """How much is done, as characters."""
    full, empty = ("█", "░") if speaks_unicode(console) else ("#", "-")
    filled = width if total <= 0 else min(width, width * done // total)
    return full * filled + empty * (width - filled)


def speaks_unicode(console: Console) -> bool:
    """Whether the terminal can show more than ASCII."""
    return console.encoding.lower().startswith("utf")
