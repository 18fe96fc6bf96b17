"""The checker: reads database, spools and checkpoints, and says PASS or what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from nntracker_ray.home import Home
from tests.chaos.suite.evidence import gather_platform, gather_run
from tests.chaos.suite.rules import Broken, broken_by_platform, broken_by_run


def check(
    conn: psycopg.Connection[Any],
    home: Home,
    pairs: Sequence[tuple[UUID, UUID]],
    *,
    orphans: list[str] | None = None,
) -> list[Broken]:
    """Everything that is broken, worst first; empty when nothing is lost.

    Args:
        pairs: (disturbed run, its undisturbed twin).
        orphans: Processes found that should have ended.
    """
    broken = [
        one
        for run, twin in pairs
        for one in broken_by_run(gather_run(conn, home, run), gather_run(conn, home, twin))
    ]
    return [*broken, *broken_by_platform(gather_platform(conn, home, orphans))]


def verdict(broken: Sequence[Broken], seed: int) -> str:
    """PASS, or the first broken rule with the seed that brings it about again."""
    if not broken:
        return f"PASS (seed {seed})"
    return f"FAIL (seed {seed}): {broken[0]}" + (f" (and {len(broken) - 1} more)" if len(broken) > 1 else "")
