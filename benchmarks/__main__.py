"""Measure, print and keep the table: `python -m benchmarks [P5 P6 ...]`; what is not measured now stays as it was."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console

from benchmarks.measuring import measure
from benchmarks.report import Figure, keep, show

# Each module measures the figures beside it; those that share a set-up stand together.
MODULES = {
    "durable_writes": ("P5", "P6", "P7"),
    "reading_back": ("P10", "P11"),
    "tag_aggregate": ("P12",),
    "training_overhead": ("P1", "P2"),
    "looking_inside": ("P3",),
    "grid_of_small_runs": ("P8",),
    "queue_of_ten_thousand": ("Q1", "Q2", "Q3"),
    "control_latency": ("P9", "P15", "R3"),
    "nothing_lost": ("R1", "R2"),
    "list_of_runs": ("P13",),
    "live_pages": ("P14",),
    "starting": ("P16",),
    "fifty_pages": ("R7",),
}


def main(wanted: Sequence[str]) -> int:
    """Measure the wanted figures (all, when none is named)."""
    console = Console(stderr=True)
    unknown = set(wanted) - {goal for goals in MODULES.values() for goal in goals}
    if unknown:
        console.print(
            f"unknown figures {sorted(unknown)}; known: {[g for goals in MODULES.values() for g in goals]}"
        )
        return 2
    figures: list[Figure] = []
    for module, goals in MODULES.items():
        if not wanted or set(wanted) & set(goals):
            with console.status(f"measuring {', '.join(goals)} ({module})"):
                figures += _measured_apart(module)
            keep(figures)  # at once: a later module may fail
    show(figures, console)
    return 0


def _measured_apart(module: str) -> list[Figure]:
    """In a process of its own: TensorFlow's threads and Ray's token are settled once in a process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, module).result()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
