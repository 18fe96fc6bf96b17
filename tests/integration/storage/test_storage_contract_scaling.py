"""What Ray's autoscaler is told of the queue, as every backend must tell it."""

from __future__ import annotations

from nntracker_ray.records import Resources
from nntracker_ray.scaling import MOST, startable
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.scaling_queries import waiting_hardware
from nntracker_ray.storage.share_writes import Share, set_share
from tests.integration.storage.examples_of_records import claim, specs, submit

SMALL, LARGE = Resources(1.0), Resources(4.0, 1.0)


def waiting(database: Database) -> dict[Resources, int]:
    with database.connection() as connection:
        return startable(waiting_hardware(connection))


def test_sizes_and_numbers_of_what_waits(database: Database):
    """Runs at work are asked for by whoever knows them."""
    submit(database, specs(3, resources=SMALL))
    submit(database, specs(2, resources=LARGE))
    claim(database)

    assert waiting(database) == {SMALL: 2, LARGE: 2}


def test_nothing_waits(database: Database):
    """An empty queue asks for nothing."""
    assert waiting(database) == {}


def test_a_long_queue_is_not_counted_to_its_end(database: Database):
    """It is looked at every few seconds."""
    submit(database, specs(MOST + 6, resources=SMALL))

    assert waiting(database) == {SMALL: MOST}


def test_only_as_many_as_the_limits_of_an_experiment_and_its_user_let_start(database: Database):
    """Machines for others would be paid for and stand idle."""
    submit(database, specs(9, resources=SMALL), config={"max_concurrent": 3})
    claim(database)
    assert waiting(database) == {SMALL: 2}

    submit(database, specs(MOST, resources=SMALL))
    assert waiting(database) == {SMALL: 2 + MOST - 8}  # the first of the line are looked at

    with database.connection() as connection:
        set_share(connection, name="local", share=Share(max_running=4))
    assert waiting(database) == {SMALL: 3}


def test_behind_an_experiment_that_is_full_others_are_seen(database: Database):
    """However many runs of it wait."""
    submit(database, specs(MOST + 6, resources=SMALL), config={"max_concurrent": 1})
    submit(database, specs(2, resources=SMALL))
    claim(database)

    assert waiting(database) == {SMALL: 2}
