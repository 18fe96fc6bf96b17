"""One module's figures, measured in whichever process asks."""

from __future__ import annotations

import importlib

from benchmarks.report import Figure


def measure(module: str) -> list[Figure]:
    """The figures of `benchmarks.<module>`."""
    figures: list[Figure] = importlib.import_module(f"benchmarks.{module}").measure()
    return figures
