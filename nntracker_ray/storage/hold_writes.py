"""Runs that were paused by a full disk, and are queued again when there is room."""

from __future__ import annotations

from uuid import UUID

from nntracker_ray.disk_room import DISK, room_free, room_needed, wait_s
from nntracker_ray.home import Home
from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.state_writes import MANAGER, change_state


def resume_where_there_is_room(conn: Connection, home: Home) -> list[UUID]:
    """Queue the held runs again for which the disk of `home` has room, oldest first. Returns them.

    Each takes what it needs out of the account, so that one free gigabyte does not wake a hundred runs. One that was
    held again and again without a checkpoint in between waits longer each time: the room did not suffice.
    """
    rows = conn.execute(query("held_runs"), {"hold": DISK}).fetchall()
    held = [run_id for run_id, pauses, held_for_s in rows if held_for_s >= wait_s(pauses)]
    free = room_free(home) if held else 0
    resumed = []
    for run_id in held:
        needed = room_needed(home, run_id)
        if needed > free:
            continue
        why = f"there is room on the disk again: {_mb(free)} are free, {_mb(needed)} are needed"
        change_state(conn, run_id=run_id, state=RunState.QUEUED, by=MANAGER, why=why)
        resumed.append(run_id)
        free -= needed
    return resumed


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
