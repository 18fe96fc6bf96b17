"""Long work has threads of its own."""

from __future__ import annotations

import asyncio
import threading
from uuid import uuid4

from apps.heavy_work import Lane, heavily
from nntracker_ray.storage.viewing import as_viewer, current_viewer


def test_much_long_work_leaves_others_their_threads():
    """Twenty uploads that are read must not keep the gate from looking sessions up."""
    done = threading.Event()

    async def scene() -> str:
        waiting = [asyncio.create_task(heavily(Lane.READING, lambda: done.wait(20))) for _ in range(20)]
        await asyncio.sleep(0)
        answered = await asyncio.wait_for(asyncio.to_thread(lambda: "answered"), 10)
        looked = await asyncio.wait_for(heavily(Lane.LOOKING, lambda: "looked"), 10)
        done.set()
        assert all(await asyncio.gather(*waiting))
        return f"{answered}, {looked}"

    assert asyncio.run(scene()) == "answered, looked"


def test_it_is_done_for_the_same_viewer():
    """The second lock goes by who looks; a thread that forgot it would see nothing."""
    somebody = uuid4()

    async def scene():
        with as_viewer(somebody):
            return await heavily(Lane.LOOKING, current_viewer)

    assert asyncio.run(scene()) == somebody
