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
    goal: float
    at_most: bool  # whether the goal is an upper bound
    detail: str = ""  # the absolute figures behind a ratio, spread, where the time goes

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
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
            "yes" if figure.met else "NO",
            figure.detail,
        )
    console.print(table)


def keep(figures: Sequence[Figure]) -> Path:
    """Write the figures as JSON and as a Markdown table. Returns the table's path."""
    RESULTS.mkdir(exist_ok=True)
    taken = datetime.now(UTC)
    setting = machine()
    data = {
        "taken": taken.isoformat(timespec="seconds"),
        "machine": setting,
        "figures": [asdict(f) for f in figures],
    }
    (RESULTS / "latest.json").write_text(json.dumps(data, indent=2) + "\n")
    path = RESULTS / "latest.md"
    path.write_text(_markdown(figures, setting, taken))
    return path


def _markdown(figures: Sequence[Figure], setting: dict[str, str], taken: datetime) -> str:
    rows = [
        f"| {f.goal_id} | {f.what} | {_measured(f)} | {_goal(f)} | {'yes' if f.met else '**no**'} | {f.detail} |"
        for f in figures
    ]
    return "\n".join(
        [
            f"Taken {taken:%Y-%m-%d %H:%M} UTC on {', '.join(f'{key} {value}' for key, value in setting.items())}.",
            "",
            "| figure | what | measured | goal | met | detail |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _measured(figure: Figure) -> str:
    return f"{figure.measured:.3g} {figure.unit}"


def _goal(figure: Figure) -> str:
    return f"{'<=' if figure.at_most else '>='} {figure.goal:g} {figure.unit}"
