"""A measured figure, the table of them, and where it is kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("ray", "tensorflow", "keras", "numpy", "psycopg")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number beside its goal."""

    goal_id: str  # "P5"
    what: str
    measured: float
    unit: str  # "x raw COPY", "%", "ms", "bytes per weight"
    goal: float | None  # None: to be known, not to be reached
    at_most: bool  # whether the goal is an upper bound
    detail: str = ""  # the absolute figures behind a ratio, spread, where the time goes

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.measured <= self.goal if self.at_most else self.measured >= self.goal


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table("figure", "what", "measured", "goal", "", "detail")
    for figure in figures:
        table.add_row(
            figure.goal_id,
            figure.what,
            _measured(figure),
            _goal(figure),
            _met(figure, missed="NO"),
            figure.detail,
        )
    console.print(table)


def keep(figures: Sequence[Figure]) -> Path:
    """Put the figures in the place of older ones of the same goals, as JSON and as a Markdown table.

    Returns: the table's path.
    """
    RESULTS.mkdir(exist_ok=True)
    taken = datetime.now(UTC).isoformat(timespec="minutes")
    fresh = [{"taken": taken, **asdict(figure)} for figure in figures]
    measured = {figure.goal_id for figure in figures}
    rows = [row for row in _kept() if row["goal_id"] not in measured] + fresh
    rows.sort(key=lambda row: (row["goal_id"][0], int(row["goal_id"][1:])))
    data = {"machine": machine(), "figures": rows}
    (RESULTS / "latest.json").write_text(json.dumps(data, indent=2) + "\n")
    path = RESULTS / "latest.md"
    path.write_text(_markdown(rows))
    return path


def _kept() -> list[dict[str, Any]]:
    file = RESULTS / "latest.json"
    if not file.exists():
        return []
    data = json.loads(file.read_text())
    return [{"taken": data.get("taken", ""), **row} for row in data["figures"]]


def _markdown(rows: Sequence[dict[str, Any]]) -> str:
    setting = ", ".join(f"{key} {value}" for key, value in machine().items())
    lines = [_line(Figure(**{k: v for k, v in row.items() if k != "taken"}), row["taken"]) for row in rows]
    return "\n".join(
        [
            f"Measured on {setting}.",
            "",
            "| figure | what | measured | goal | met | detail | taken (UTC) |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


def _line(figure: Figure, taken: str) -> str:
    met = _met(figure, missed="**no**")
    cells = (figure.goal_id, figure.what, _measured(figure), _goal(figure), met, figure.detail, taken[:16])
    return f"| {' | '.join(cells)} |"


def _measured(figure: Figure) -> str:
    return f"{figure.measured:.3g} {figure.unit}"


def _met(figure: Figure, *, missed: str) -> str:
    if figure.met is None:
        return "-"
    return "yes" if figure.met else missed


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return "-"
    return f"{'<=' if figure.at_most else '>='} {figure.goal:g} {figure.unit}"
