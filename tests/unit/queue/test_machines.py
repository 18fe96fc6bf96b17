"""What fits on a machine, and what is left of it."""

from __future__ import annotations

import pytest

from nntracker_ray.machines import Machine, limited, rooms_left


def test_half_a_gpu_here_and_half_there_are_not_a_gpu():
    """TensorFlow cannot train on two halves, and Ray would never start the run."""
    two_halves = Machine("m", 8.0, (0.5, 0.5))

    assert not two_halves.fits(1.0, 1.0)
    assert two_halves.fits(1.0, 0.5)


def test_three_quarters_leave_no_room_for_a_half():
    """Of two GPUs with a quarter each free, half a GPU cannot be had."""
    machine = Machine.of("m", 8.0, 2.0)
    for _ in range(2):
        machine = machine.without(machine.part(1.0, 0.75))

    assert machine.gpu == pytest.approx(0.5)
    assert not machine.fits(1.0, 0.5)


def test_a_part_goes_to_the_gpu_that_has_the_least_left():
    """So that a whole one stays whole for as long as possible; Ray chooses so as well."""
    machine = Machine.of("m", 8.0, 2.0)
    machine = machine.without(machine.part(1.0, 0.5))

    after = machine.without(machine.part(1.0, 0.25))

    assert sorted(after.gpus) == [0.25, 1.0]
    assert after.fits(1.0, 1.0)


def test_tenths_add_up():
    """Ten runs of a tenth fit, although 10 x 0.1 is not 1 for a computer."""
    machine, fitted = Machine.of("m", 1.0, 1.0), 0
    while machine.fits(0.1, 0.1):
        machine, fitted = machine.without(machine.part(0.1, 0.1)), fitted + 1

    assert fitted == 10
    assert machine.is_used_up


def test_parts_of_a_machine_that_is_gone_count_nothing():
    """Its runs are lost; what they had is on no other machine."""
    here, gone = Machine.of("here", 4.0), Machine.of("gone", 4.0)

    (room,) = rooms_left([here], [here.part(1.0, 0.0), gone.part(3.0, 0.0)])

    assert (room.whole.cpu, room.free.cpu) == (4.0, 3.0)


def test_a_limit_is_filled_machine_by_machine():
    """`--cpus 6` on machines of four: one wholly, of the other half."""
    machines = [Machine.of("a", 4.0, 1.0), Machine.of("b", 4.0, 1.0)]

    within = limited(machines, cpu=6.0, gpu=None)

    assert [(each.cpu, each.gpu) for each in within] == [(4.0, 1.0), (2.0, 1.0)]
    assert limited(machines, cpu=100.0, gpu=0.0)[1] == Machine.of("b", 4.0)
