"""Whose measurements belong to a run: its own and, of a fork, those of its ancestors up to where it left them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.visible import no_such_run


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a run's history that one run has measured."""

    run_no: int
    up_to_step: int | None  # measurements up to this step; None: all
    before_epoch: int | None  # captures before this epoch; None: all
    inherited_epochs: int  # of the run that was asked for: what is of earlier epochs is inherited

    @property
    def captures(self) -> dict[str, int | None]:
        """The parameters that select its captures."""
        return {"run_no": self.run_no, "up_to_step": self.up_to_step, "before_epoch": self.before_epoch}


def lineage(conn: Connection, *, viewer_id: UUID, run_id: UUID) -> list[Stretch]:
    """The stretches of a run's history, the oldest ancestor's first; only its own for a run that is no fork.

    Raises: NotFoundError: No such run, or not the viewer's.
    """
    rows = conn.execute(query("lineage"), {"viewer_id": viewer_id, "run_id": run_id}).fetchall()
    if not rows:
        raise no_such_run(run_id)
    return [Stretch(*row) for row in rows]


def as_parameters(stretches: Sequence[Stretch]) -> dict[str, list[int] | list[int | None]]:
    """What selects the measurements of them all, for statements that ask for several runs at once."""
    return {
        "run_nos": [one.run_no for one in stretches],
        "up_to_steps": [one.up_to_step for one in stretches],
    }
