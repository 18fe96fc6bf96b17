"""Following what changes, told by the platform's events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from uuid import UUID

import httpx

from nntracker_ray.client.api import Api
from nntracker_ray.client.reading import experiment_rows, find_command
from nntracker_ray.commands import CommandRow
from nntracker_ray.errors import NNTrackerError
from nntracker_ray.records import RunRow
from nntracker_ray.states import at_rest

SILENCE_S = 0.25  # how long to listen before looking up
SETTLE_S = 0.2  # news that come closer together are answered by one look
AGAIN_AFTER_S = 1.0
LONGEST_WAIT_S = 2.0  # for one answer: so often whoever waits looks at the clock
Silence = Callable[[], None]


def nothing() -> None:
    """Do nothing while it is silent."""


def changes(api: Api, *, experiment_id: UUID | None = None, on_silence: Silence = nothing) -> Iterator[None]:
    """Once at first, then whenever runs have changed.

    Args:
        experiment_id: Only of this experiment.
        on_silence: Called a few times a second while nothing happens; may raise to end the wait.
    """
    ear = _Ear(api, experiment_id)
    ear.start()
    changed, looked_at = True, -SETTLE_S
    try:
        while True:
            heard = ear.heard_within(0.02 if changed else SILENCE_S)
            changed = changed or heard
            if not heard:
                on_silence()
            age_s = time.monotonic() - looked_at
            if changed and age_s >= SETTLE_S:
                changed, looked_at = False, time.monotonic()
                yield
    finally:
        ear.stop()


def follow_experiment(
    api: Api, *, experiment_id: UUID, on_silence: Silence = nothing
) -> Iterator[list[RunRow]]:
    """The runs of an experiment now and after each change, until none will change by itself."""
    for _ in changes(api, experiment_id=experiment_id, on_silence=on_silence):
        rows = experiment_rows(api, experiment_id)
        yield rows
        if all(at_rest(row) for row in rows):
            return


def follow_command(
    api: Api, *, command_id: UUID, timeout_s: float, on_silence: Silence = nothing
) -> Iterator[CommandRow]:
    """A command now and every other second, until nothing is pending or the time is over."""
    ends_at_s = time.monotonic() + timeout_s
    row = find_command(api, command_id)
    yield row
    while not row.is_settled and (left_s := ends_at_s - time.monotonic()) > 0:
        on_silence()
        asked_at_s = time.monotonic()
        row = find_command(api, command_id, wait_s=min(left_s, LONGEST_WAIT_S))
        yield row
        if not row.is_settled and time.monotonic() - asked_at_s < SILENCE_S:
            time.sleep(min(SILENCE_S, max(left_s, 0.0)))  # too many wait there: it answered at once


class _Ear(threading.Thread):
    """Reads the platform's events; connects again by itself."""

    def __init__(self, api: Api, experiment_id: UUID | None) -> None:
        # A daemon: it waits in a socket, and nothing is lost when the process ends.
        super().__init__(name="platform events", daemon=True)
        self._api = api
        self._experiment_id = experiment_id
        self._heard: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._ended = threading.Event()

    def heard_within(self, seconds: float) -> bool:
        """Whether there is news, at the latest after so long."""
        try:
            self._heard.get(timeout=seconds)
        except queue.Empty:
            return False
        while not self._heard.empty():
            self._heard.get_nowait()
        return True

    def stop(self) -> None:
        """Nobody listens any more."""
        self._ended.set()

    def run(self) -> None:
        """Listen until `stop`."""
        while not self._ended.is_set():
            # The wait goes on by looking now and then, and whoever looks is told what is wrong.
            with suppress(NNTrackerError, httpx.HTTPError):
                self._listen()
            self._heard.put(True)
            self._ended.wait(AGAIN_AFTER_S)

    def _listen(self) -> None:
        with self._api.stream("/api/events", experiment_id=self._experiment_id) as answer:
            for line in answer.iter_lines():
                if self._ended.is_set():
                    return
                if line.startswith("event:"):
                    self._heard.put(True)
