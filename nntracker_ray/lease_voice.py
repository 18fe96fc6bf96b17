"""What one attempt says and hears in the database: its states, its heartbeat, the wishes of people."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tenacity import Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential

from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.records import Lease, RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import change_state, heartbeat

TRAINER = "trainer"  # who speaks, in the history of a run
HEARTBEAT_S = 5.0

_log = logging.getLogger(__name__)


class LeaseVoice:
    """Speaks for one lease.

    Args:
        hurry: Set by whoever no longer waits for a database that is away.
    """

    def __init__(self, lease: Lease, database: Database, hurry: threading.Event) -> None:
        self._lease, self._database, self._hurry = lease, database, hurry

    def say(
        self, state: RunState, *, why: str = "", error: str | None = None, hold: str | None = None
    ) -> RunState:
        """Write a state, however long the database is away. Returns the state that the run has now.

        Raises:
            DatabaseAwayError: It is away, and nobody waits any more.
            StaleAttemptError, ConflictError, NotFoundError: As `change_state`.
        """
        patience = Retrying(
            retry=retry_if_exception_type(DatabaseAwayError),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            stop=stop_when_event_set(self._hurry),
            reraise=True,
        )
        return patience(self._say_once, state, why, error, hold)

    def beat(self) -> RunState | None:
        """Tell that this trainer lives, and hear the run's state; None when it was overtaken or deleted.

        Raises: DatabaseAwayError.
        """
        with self._database.connection() as connection:
            return heartbeat(connection, run_no=self._lease.run_no, attempt=self._lease.attempt)

    def _say_once(self, state: RunState, why: str, error: str | None, hold: str | None) -> RunState:
        with self._database.connection() as connection:
            return change_state(
                connection,
                run_id=self._lease.run_id,
                state=state,
                by=TRAINER,
                why=why,
                attempt=self._lease.attempt,
                error=error,
                hold=hold,
            )


class Pulse:
    """Beats every 5 s in a thread of its own, or at once when told that there is something to hear.

    Args:
        hear: Called with each answer.
    """

    def __init__(self, voice: LeaseVoice, hear: Callable[[RunState | None], None], name: str) -> None:
        self._voice, self._hear = voice, hear
        self._due = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._beat, name=f"pulse {name}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def look(self) -> None:
        """Something was said about this run: hear what."""
        self._due.set()

    def end(self) -> None:
        """Beat no more."""
        self._ended = True
        self._due.set()

    def _beat(self) -> None:
        while True:
            self._due.wait(HEARTBEAT_S)
            self._due.clear()
            if self._ended:
                return
            try:
                state = self._voice.beat()
            except DatabaseAwayError:
                continue
            except Exception:
                _log.exception("a heartbeat failed; the next comes in %g s", HEARTBEAT_S)
                continue
            self._hear(state)
