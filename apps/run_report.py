"""Everything that is known of one run, read at once: what `nntracker show` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.commands import CommandRow
from nntracker_ray.errors import NotFoundError
from nntracker_ray.plain_values import plain
from nntracker_ray.records import JsonValue, RunRow, RunSpec, RunState, to_json
from nntracker_ray.session import Session
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.tables import Columns, lines_of
from nntracker_ray.storage.work_queries import DeletionCost


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run as it stands."""

    row: RunRow
    spec: RunSpec
    facts: dict[str, JsonValue]
    history: Columns  # changes of state: time, state, attempt, by, why, error
    commands: Sequence[CommandRow]
    adaptations: Columns
    checkpoints: Sequence[CheckpointInfo]
    curves: Columns
    cost: DeletionCost | None  # captures and points that are stored
    waiting: str  # why a queued run has not begun; "" for others
    parent: RunRow | None = None  # of a fork, while it is there

    def series(self, metric: str) -> list[float]:
        """The values of a metric, by epoch."""
        columns = zip(self.curves["metric"], self.curves["value"], strict=True)
        return [float(value) for name, value in columns if name == metric]


def read_report(session: Session, run_id: UUID) -> RunReport:
    """Read it in one transaction, so that its parts fit together. Raises: NotFoundError."""
    one: dict[str, Any] = {"viewer_id": session.user_id, "run_id": run_id}
    viewer_id = session.user_id
    with session.database.connection() as conn:
        row, spec = queries.find_run(conn, **one), queries.run_spec(conn, **one)
        history = queries.state_changes(conn, **one)
        costs = queries.cost_of_deletion(conn, viewer_id=viewer_id, run_ids=[run_id])
        return RunReport(
            row=row,
            spec=spec,
            facts=queries.run_facts(conn, **one),
            history=history,
            commands=queries.list_commands(conn, **one, limit=20),
            adaptations=queries.adaptations(conn, **one),
            checkpoints=queries.checkpoints(conn, **one),
            curves=queries.learning_curves(conn, viewer_id=viewer_id, run_ids=[run_id], metrics=SHOWN_CURVES),
            cost=costs[0] if costs else None,
            waiting=_why_it_waits(row, history, queries.queue_lengths(conn, viewer_id=viewer_id)),
            parent=_parent(conn, viewer_id, spec),
        )


def _parent(conn: Connection, viewer_id: UUID, spec: RunSpec) -> RunRow | None:
    if spec.origin is None:
        return None
    try:
        return queries.find_run(conn, viewer_id=viewer_id, run_id=spec.origin.run_id)
    except NotFoundError:
        return None


SHOWN_CURVES = ("loss", "val_loss", "accuracy", "val_accuracy")


def report_object(report: RunReport) -> dict[str, Any]:
    """The report as `nntracker show --json` prints it."""
    fields: dict[str, Any] = plain(
        {
            "run": asdict(report.row),
            "spec": json.loads(to_json(report.spec)),
            "facts": report.facts,
            "history": lines_of(report.history),
            "commands": [asdict(command) for command in report.commands],
            "adaptations": lines_of(report.adaptations),
            "checkpoints": [asdict(one) for one in report.checkpoints],
            "waiting": report.waiting,
        }
    )
    return fields


def _why_it_waits(row: RunRow, history: Columns, tallies: dict[RunState, queries.StateTally]) -> str:
    if row.state is not RunState.QUEUED:
        return ""
    at_work = sum(tallies[state].runs for state in AT_WORK if state in tallies)
    others = tallies[RunState.QUEUED].runs - 1 if RunState.QUEUED in tallies else 0
    # The run manager's last word says what nobody else knows: that it fits no machine, say.
    last = str(history["why"][-1]) if history["why"] and history["by"][-1] == "run-manager" else ""
    return f"{last or 'for hardware'}; {at_work} of your runs are at work, {max(0, others)} others wait"


AT_WORK = (RunState.STARTING, RunState.RUNNING, RunState.PAUSING, RunState.STOPPING)
