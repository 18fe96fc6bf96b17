"""Work that takes long, in threads of its own: where it queues, nobody else waits.

The usual threads of the event loop are few (six on two cores), and the gate needs one for each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Lane(Enum):
    """What kind of work, so that short work does not wait for long work."""

    READING = "reading"  # files that came, data that are fetched: minutes at worst
    LOOKING = "looking"  # at what an experiment would make: a second at worst
    NUMBERS = "numbers"  # captured arrays and many curves, read and counted: seconds at worst
    FILES = "files"  # that are written before they are sent: a minute at worst
    CHECKPOINTS = "checkpoints"  # turned into what Keras reads: half a minute
    IMPORTS = "imports"  # archives that came: as long as there is to store


# Two readers at once may take eight gigabytes.
USUAL = 2
# Keras in a process of its own takes half a gigabyte; an import is one long transaction.
ONE_AFTER_THE_OTHER = frozenset({Lane.CHECKPOINTS, Lane.IMPORTS})
_POOLS = {
    lane: ThreadPoolExecutor(1 if lane in ONE_AFTER_THE_OTHER else USUAL, thread_name_prefix=lane.value)
    for lane in Lane
}


async def heavily(lane: Lane, work: Callable[[], T]) -> T:
    """Do it in a thread of its lane, for the same viewer; two at a time or one, the others wait their turn."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_POOLS[lane], copy_context().run, work)
