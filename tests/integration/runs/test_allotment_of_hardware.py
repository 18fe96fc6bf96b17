"""Large runs among small ones, on a real database and a clock of our own."""

from __future__ import annotations

from uuid import uuid4

from nntracker_ray.allotment import Allotment
from nntracker_ray.fair_share import PATIENCE_S
from nntracker_ray.machines import Machine
from nntracker_ray.records import Lease, Resources, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import change_state
from tests.integration.storage.examples_of_records import run_spec, specs, submit


class Hardware:
    """An allotment of two cores, in a time that stands still."""

    def __init__(self, database: Database) -> None:
        self.now_s = 0.0
        self.database = database
        self.allotment = Allotment(
            manager_id=uuid4(), machines=lambda: [Machine.of("here", 2.0)], now_s=lambda: self.now_s
        )

    def claim(self) -> Lease | None:
        with self.database.connection() as connection:
            claimed = self.allotment.claim(connection)
        if claimed is None:
            return None
        self.allotment.take(*claimed)
        return claimed[0]

    def end(self, lease: Lease) -> None:
        with self.database.connection() as connection:
            finished = {"state": RunState.FINISHED, "by": "trainer", "attempt": lease.attempt}
            change_state(connection, run_id=lease.run_id, **finished)
        self.allotment.release(lease)


def test_a_large_run_at_the_front_is_passed_over_for_ten_minutes_and_no_longer(database: Database):
    """Small runs fill what is free beside it; then they make room for it, and go on after it."""
    small, large = specs(6), run_spec(resources=Resources(cpu=2.0), priority=1)
    submit(database, small)
    hardware = Hardware(database)
    first = hardware.claim()
    assert first is not None
    submit(database, [large])

    second = hardware.claim()
    assert second is not None
    hardware.now_s = PATIENCE_S - 1
    hardware.end(second)
    third = hardware.claim()
    assert third is not None
    hardware.now_s = PATIENCE_S
    hardware.end(third)
    held_back = hardware.claim()
    hardware.end(first)
    at_last, beside = hardware.claim(), hardware.claim()

    assert [lease.run_id for lease in (first, second, third)] == [spec.run_id for spec in small[:3]]
    assert held_back is None
    assert at_last is not None
    assert at_last.run_id == large.run_id
    assert beside is None
    hardware.end(at_last)
    assert hardware.claim() is not None
    assert hardware.claim() is not None
