"""Leasing queued runs: who waits, and the lease itself. Which run it is, `fair_share` decides."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.fair_share import Choice, Sharer, Waiting, choose
from nntracker_ray.machines import Machine, Room
from nntracker_ray.records import Lease, RunSpec, from_json
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


@dataclass(frozen=True, slots=True)
class Line:
    """The queue as one claim sees it; nobody else claims until the transaction ends."""

    runs: tuple[Waiting, ...]  # for each user and size the first one whose experiment is not full
    clock: float  # the highest virtual start of any user
    full: tuple[int, ...]  # experiment_no of the experiments that are full


def waiting_line(conn: Connection) -> Line:
    """Who waits for hardware. Steps over equal runs, so that it costs the same for ten and for ten thousand."""
    # One claim at a time, or two at once could each take the last place under max_concurrent.
    conn.execute(query("lock_claims"))
    row = conn.execute(query("full_experiments")).fetchone()
    full, clock = (row[0], row[1]) if row else ([], 0.0)
    rows = conn.execute(query("waiting_runs"), {"full": full}).fetchall()
    return Line(tuple(_waiting(*row) for row in rows), clock, tuple(full))


def start_attempt(conn: Connection, choice: Choice, line: Line, *, manager_id: UUID) -> Lease | None:
    """Lease the run that was chosen, or the one behind it if somebody is just changing it.

    Returns: the lease; None when no such run waits any more.
    """
    chosen = choice.waiting
    is_new, rank, experiment_no, position, run_no = chosen.rank
    values = {
        "owner_id": chosen.owner.user_id,
        "cpu": chosen.cpu,
        "gpu": chosen.gpu,
        "is_new": is_new,
        "rank": rank,
        "experiment_no": experiment_no,
        "position": position,
        "run_no": run_no,
        "full": list(line.full),
        "manager_id": manager_id,
        "virtual_start": choice.virtual_start,
        "virtual_time": choice.virtual_time,
    }
    row = conn.execute(query("start_attempt"), values).fetchone()
    return Lease(row[0], row[1], row[2], from_json(RunSpec, row[3])) if row else None


def note_too_large(conn: Connection, first: Waiting) -> None:
    """Say in the history of every such run that no machine can take it; once while it waits."""
    hardware = f"{first.cpu:g} cores" + (f" and {first.gpu:g} GPUs" if first.gpu else "")
    why = f"it waits for a machine with {hardware}; none that runs may use has as much"
    values = {"owner_id": first.owner.user_id, "cpu": first.cpu, "gpu": first.gpu, "why": why}
    conn.execute(query("note_too_large"), values)


def claim_next_run(conn: Connection, *, manager_id: UUID, free_cpu: float, free_gpu: float) -> Lease | None:
    """Lease the next queued run that fits a single machine that is idle. None if there is none.

    Args:
        free_cpu: Its cores.
        free_gpu: Its GPUs, fractions allowed.
    """
    machine = Machine.of("", free_cpu, free_gpu)
    line = waiting_line(conn)
    choice = choose(line.runs, [Room(machine, machine)], clock=line.clock).choice
    return start_attempt(conn, choice, line, manager_id=manager_id) if choice else None


def _waiting(
    user_id: UUID,
    weight: float,
    max_running: int | None,
    running: int,
    used_cpu: float,
    used_gpu: float,
    virtual_time: float,
    run_id: UUID,
    is_new: int,
    priority_rank: int,
    experiment_no: int,
    position: int,
    run_no: int,
    cpu: float,
    gpu: float,
) -> Waiting:
    owner = Sharer(user_id, weight, max_running, running, used_cpu, used_gpu, virtual_time)
    return Waiting(owner, run_id, (is_new, priority_rank, experiment_no, position, run_no), cpu, gpu)
