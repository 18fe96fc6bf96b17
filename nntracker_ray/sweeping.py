"""Removing the files of runs that were deleted: checkpoints on this machine, and their copies in remote places."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from nntracker_ray.errors import NNTrackerError
from nntracker_ray.home import Home
from nntracker_ray.shared import shared_setting
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import (
    Leftovers,
    leftovers,
    lock_leftovers,
    note_files_removed,
)

if TYPE_CHECKING:
    from nntracker_ray.remote import RemoteFolder

SHORTEST_WAIT_S: Final = 15.0  # before a place that refused is tried again
LONGEST_WAIT_S: Final = 600.0
WAIT_FOR_LOST_TIME: Final = 20.0  # a place that took 30 s to fail is left alone for 20 times as long
TELL_AGAIN_S: Final = 1800.0

_log = logging.getLogger(__name__)


def remove_files_of_deleted(database: Database, home: Home, run_ids: Sequence[UUID] | None = None) -> int:
    """One round of a `Sweeper` that is not kept: it returns and raises what `Sweeper.sweep` does."""
    return Sweeper(database, home).sweep(run_ids)


class Sweeper:
    """Removes the files of deleted runs, in rounds, and remembers between them which places do not let it.

    Any number may work at the same time, in any processes: each run is one's alone from the look whether its files
    are still to go until the note that they are gone. For one thread.

    Args:
        clock: Seconds; only differences count.
    """

    def __init__(
        self, database: Database, home: Home, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._home, self._clock = database, home, clock
        self._hindered = _Hindered()
        self._failed_at_s: dict[UUID, float] = {}
        self._folders: dict[str, RemoteFolder] = {}

    def sweep(self, run_ids: Sequence[UUID] | None = None) -> int:
        """Remove what can be removed now. A place that fails is not asked again in this round, nor for a while after.

        Args:
            run_ids: Only of these runs; None: of all.
        Returns: the number of runs whose files are gone now.
        Raises: DatabaseAwayError.
        """
        self._hindered.let_go(now_s=self._clock())
        self._folders.clear()  # credentials may be others by now
        with self._database.connection() as conn:
            left = leftovers(conn, run_ids)
        return sum(self._sweep_run(each) for each in self._in_turn(left))

    def _in_turn(self, left: Sequence[Leftovers]) -> list[Leftovers]:
        """Who failed comes after the others: one folder that stays must not be in the way of all at its place."""
        known = self._failed_at_s
        self._failed_at_s = {each.run_id: known[each.run_id] for each in left if each.run_id in known}
        return sorted(left, key=lambda each: self._failed_at_s.get(each.run_id, float("-inf")))

    def _sweep_run(self, left: Leftovers) -> bool:
        """Whether nothing of the run is left, and it was this call that removed it."""
        if not self._is_worth_while(left):
            return False
        with self._database.connection() as conn:
            # The list is old by now: the run may have come back, with files of its own.
            locked = lock_leftovers(conn, left.run_id)
            if locked is None or not self._remove(locked):
                return False
            note_files_removed(conn, [left.run_id])
        return True

    def _is_worth_while(self, left: Leftovers) -> bool:
        """Whether everything can be tried, or at least something lies on this machine."""
        if self._hindered.at(self._own_folder(left)):
            return False
        return not any(map(self._hindered.at, _places(left))) or _lies_here(self._home, left.run_id)

    def _remove(self, left: Leftovers) -> bool:
        own = self._own_folder(left)
        here = self._tried(left, own, lambda: _remove_here(self._home, left.run_id))
        there = [self._remove_copies(left, place) for place in _places(left)]
        return here and all(there)

    def _remove_copies(self, left: Leftovers, place: str) -> bool:
        if self._hindered.at(place):
            return False
        return self._tried(
            left, place, lambda: self._folder(place).delete_folder(f"checkpoints/{left.run_id}")
        )

    def _tried(self, left: Leftovers, place: str, remove: Callable[[], None]) -> bool:
        began_s = self._clock()
        try:
            remove()
        except (OSError, NNTrackerError) as error:
            now_s = self._failed_at_s[left.run_id] = self._clock()
            self._hindered.add(place, now_s=now_s, lost_s=now_s - began_s)
            self._tell(left, place, error, now_s)
            return False
        return True

    def _tell(self, left: Leftovers, place: str, error: Exception, now_s: float) -> None:
        # On this machine each run is a place of its own; a disk that refuses them all is one story.
        about = place if place in _places(left) else ""
        if self._hindered.is_news(about, now_s=now_s):
            _log.warning(
                "the files of the deleted run %r cannot be removed now: %s; it is tried again, also for other runs "
                "with files there",
                left.name,
                error,
            )

    def _folder(self, place: str) -> RemoteFolder:
        from nntracker_ray.remote import RemoteFolder

        if place not in self._folders:
            self._folders[place] = RemoteFolder(place)
        return self._folders[place]

    def _own_folder(self, left: Leftovers) -> str:
        return str(self._home.checkpoints / str(left.run_id))


@dataclass(slots=True)
class _Hindered:
    """Places that do not let files be removed: until when each is left alone, and when that was told. Pure."""

    _until_s: dict[str, float] = field(default_factory=dict)
    _told_s: dict[str, float] = field(default_factory=dict)

    def let_go(self, *, now_s: float) -> None:
        """Forget those that have been left alone for long enough: once a round, so that none is asked twice in it."""
        self._until_s = {place: until_s for place, until_s in self._until_s.items() if until_s > now_s}

    def at(self, place: str) -> bool:
        return place in self._until_s

    def add(self, place: str, *, now_s: float, lost_s: float) -> None:
        self._until_s[place] = now_s + min(max(SHORTEST_WAIT_S, WAIT_FOR_LOST_TIME * lost_s), LONGEST_WAIT_S)

    def is_news(self, about: str, *, now_s: float) -> bool:
        """Whether to tell of it: the first time, then now and then."""
        if now_s - self._told_s.get(about, float("-inf")) < TELL_AGAIN_S:
            return False
        self._told_s[about] = now_s
        return True


def _places(left: Leftovers) -> list[str]:
    """Where copies may be: in the run's own place, and in the one that all nodes share."""
    own = [left.location] if left.location else []
    return [*own, *shared_setting().values()]


def _files(home: Home, run_id: UUID) -> list[Path]:
    from nntracker_ray.checkpoints.folder import CheckpointFolder

    return CheckpointFolder(home, run_id).everything()


def _lies_here(home: Home, run_id: UUID) -> bool:
    try:
        return bool(_files(home, run_id))
    except OSError:  # who removes it says what is wrong
        return True


def _remove_here(home: Home, run_id: UUID) -> None:
    for path in _files(home, run_id):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
