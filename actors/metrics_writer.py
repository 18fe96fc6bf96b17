"""The one process that writes what trainings report: many callers, one transaction, then the answer to each.

A call returns after the commit. Calls may be repeated (a caller that was not answered sends again) and may
overtake each other: `write_batches` makes that harmless. Nothing is kept here that is not kept by its sender.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import ray
from ray.exceptions import GetTimeoutError, RayActorError

from actors.placement import beside_us
from nntracker_ray.batching import Gatherer, Outcome, Payload, store
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.records import Batch
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import write_batches

NAME: Final = "metrics-writer"
NAMESPACE: Final = "nntracker"
PENDING_BYTES: Final = 256 * 2**20
ANSWER_TIMEOUT_S: Final = 10.0
# Longer than a restart takes on a busy machine, or the newborn would be killed for not answering.
SIGN_OF_LIFE_TIMEOUT_S: Final = 20.0

_Waiting = tuple[Payload, "asyncio.Future[None]"]


class MetricsWriter:
    """The actor behind `start_metrics_writer`; without Ray an ordinary class for one event loop.

    Args:
        dsn: The database. It need not be there yet.
        pending_bytes: Payloads that may wait here; beyond it callers wait before theirs are taken.
    """

    def __init__(self, dsn: str, pending_bytes: int = PENDING_BYTES) -> None:
        self._database = Database(dsn, max_size=1, application="nntracker-writer")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._gatherer: Gatherer[_Waiting] = Gatherer()
        self._pending_bytes = pending_bytes
        self._changed = asyncio.Condition()
        self._counts: Counter[str] = Counter()
        self._loop: asyncio.Task[None] | None = None

    async def write(self, run_no: int, attempt: int, payload: bytes) -> None:
        """Store the records of `payload` (from `wire.encode_records`); returns after the commit.

        Raises:
            DatabaseAwayError, SchemaError: Nothing is stored; send it again later.
            StorageError, SpoolError: The content was refused; sending it again is of no use.
        """
        if self._loop is None:
            self._loop = asyncio.create_task(self._write_for_ever())
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        async with self._changed:
            await self._changed.wait_for(lambda: self._has_room(len(payload)))
            waiting = Payload(run_no, attempt, payload), answer
            self._gatherer.add(waiting, len(payload), now_s=time.monotonic())
            self._changed.notify_all()
        await answer

    async def ping(self) -> int:
        """The process id: an answer shows that this process is alive, also while the database is not."""
        return os.getpid()

    async def stats(self) -> dict[str, int]:
        """Counts since the start of this process: payloads, bytes, transactions, refused, away; bytes pending."""
        return {**self._counts, "pending_bytes": self._gatherer.bytes, "pid": os.getpid()}

    def _has_room(self, size: int) -> bool:
        pending = self._gatherer.bytes
        return pending == 0 or pending + size <= self._pending_bytes

    def _has_work(self) -> bool:
        return self._gatherer.due_in_s(now_s=time.monotonic()) is not None

    async def _write_for_ever(self) -> None:
        while True:
            async with self._changed:
                await self._changed.wait_for(self._has_work)
            while (wait_s := self._gatherer.due_in_s(now_s=time.monotonic()) or 0.0) > 0:
                await asyncio.sleep(wait_s)
            async with self._changed:
                waiting = self._gatherer.take()
                self._changed.notify_all()
            await self._write_and_answer(waiting)

    async def _write_and_answer(self, waiting: Sequence[_Waiting]) -> None:
        payloads = [payload for payload, _ in waiting]
        run = asyncio.get_running_loop().run_in_executor
        try:
            outcomes = await run(self._thread, store, payloads, self._commit)
        except Exception as error:  # a fault of ours: each sender hears of it, and sends again
            for _, answer in waiting:
                _tell(answer, error)
            return
        self._count(payloads, outcomes)
        for (_, answer), outcome in zip(waiting, outcomes, strict=True):
            _tell(answer, outcome)

    def _commit(self, batches: Sequence[Batch]) -> None:
        with self._database.connection() as connection:
            write_batches(connection, batches)

    def _count(self, payloads: Sequence[Payload], outcomes: Sequence[Outcome]) -> None:
        self._counts["transactions"] += 1
        self._counts["payloads"] += len(payloads)
        self._counts["bytes"] += sum(len(payload.data) for payload in payloads)
        away = sum(isinstance(outcome, DatabaseAwayError) for outcome in outcomes)
        self._counts["away"] += away
        self._counts["refused"] += sum(outcome is not None for outcome in outcomes) - away


def _tell(answer: asyncio.Future[None], outcome: BaseException | None) -> None:
    if answer.done():  # its caller was cancelled
        return
    if outcome is None:
        answer.set_result(None)
    else:
        answer.set_exception(outcome)


def start_metrics_writer(dsn: str) -> Any:
    """The handle of the metrics writer of this cluster; starts it when there is none. It outlives its starter."""
    actor = ray.remote(MetricsWriter).options(
        name=NAME,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_concurrency=1000,
        max_restarts=-1,
        scheduling_strategy=beside_us(),
        # A call may have run although its answer was lost; running it twice is harmless, losing it is not.
        max_task_retries=-1,
    )
    return actor.remote(dsn)


def stop_metrics_writer(timeout_s: float = 10.0) -> bool:
    """End the metrics writer of this cluster, if there is one; True when it is gone.

    What it has not committed lies in the spools of its senders, and arrives after the next start.
    """
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        try:
            ray.kill(ray.get_actor(NAME, namespace=NAMESPACE), no_restart=True)
        except ValueError:
            return True
        time.sleep(0.05)
    return False


def deliver_to_actor(handle: Any = None) -> Callable[[int, int, bytes], None]:
    """A function for `SpoolSink`: sends a payload to the metrics writer and returns after the commit.

    It waits at most 30 s for a process that does not answer: a frozen one is killed, so that Ray
    starts it anew, and one that was replaced is looked up by its name. What it raises means: try again, except
    for a refusal of the content.

    Args:
        handle: The writer; looked up by name when None.
    """
    current = [handle]

    def deliver(run_no: int, attempt: int, payload: bytes) -> None:
        writer = current[0] or ray.get_actor(NAME, namespace=NAMESPACE)
        current[0] = None  # until it has answered
        _send(writer, run_no, attempt, payload)
        current[0] = writer

    return deliver


def _send(writer: Any, run_no: int, attempt: int, payload: bytes) -> None:
    answer = writer.write.remote(run_no, attempt, payload)
    while True:
        try:
            ray.get(answer, timeout=ANSWER_TIMEOUT_S)
        except GetTimeoutError:
            # Slow is not dead: a large capture over a slow line must not be sent again and again.
            _check_alive(writer)
        else:
            return


def _check_alive(writer: Any) -> None:
    try:
        ray.get(writer.ping.remote(), timeout=SIGN_OF_LIFE_TIMEOUT_S)
    except RayActorError as error:
        raise DatabaseAwayError("the metrics writer is being restarted") from error
    except GetTimeoutError as error:
        ray.kill(writer, no_restart=False)
        raise DatabaseAwayError(
            "the metrics writer did not answer; it was killed and is being restarted"
        ) from error
