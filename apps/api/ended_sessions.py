"""Closing what is open of sessions that are over, whoever ended them: another server, the command line, or time."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from apps.api.sockets import OpenSockets
from nntracker_ray.errors import NNTrackerError
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.session_writes import ENDED, sessions_in_force

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0  # nobody tells that a session has expired


class EndedSessions:
    """Hears of ended sessions on one connection, and looks once a minute while anything is open."""

    def __init__(self, database: Database, sockets: OpenSockets) -> None:
        self._database = database
        self._sockets = sockets
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """From now on. Again, it changes nothing."""
        with self._lock:
            if self._thread is None:
                # A daemon: it waits in the database's socket, and nothing is lost when the process ends.
                self._thread = threading.Thread(target=self._listen, name="ended sessions", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        for told in self._database.listen(ENDED, timeout_s=LOOK_EVERY_S):
            if told is not None:
                self._sockets.close(bytes.fromhex(told[1]))
            else:
                self.look()

    def look(self) -> None:
        """Close what is open of sessions that are over by now. Blocking."""
        held = self._sockets.sessions
        if not held:
            return
        try:
            with self._database.connection() as conn:
                in_force = sessions_in_force(conn, session_hashes=held, now=datetime.now(UTC))
        except NNTrackerError as error:
            log.warning("sessions could not be looked at: %s", error)
            return
        for session in held - in_force:
            self._sockets.close(session)
