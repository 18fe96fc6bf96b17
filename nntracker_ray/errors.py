"""Every error that NNTracker raises on purpose.

    NNTrackerError
    ├── BadInputError                 what a person gave cannot be used; nothing was run or stored
    │   ├── ConfigError               the experiment file; holds every Problem found, not only the first
    │   ├── DatasetError              a dataset that is missing, malformed, hostile or does not fit the model
    │   │   ├── FetchError            a URL that may not or cannot be fetched
    │   │   └── UnsafeFileError       a file that would run code, escape its folder or exhaust the machine
    │   ├── OverQuotaError            more is uploaded than an account may keep
    │   ├── UnconfirmedError          a deletion that nobody has confirmed; holds the text that confirms it
    │   ├── ModelError                a model description outside the strict schema, or too costly
    │   └── QueryError                SQL that is not one read-only statement, or that ran past its limits
    ├── NotFoundError                 no such run, experiment, dataset or layer (or not the caller's to see)
    ├── ConflictError                 the thing is not in a state that allows this
    ├── StaleAttemptError             a newer attempt of this run holds the lease; this trainer must stop
    ├── StorageError                  the database
    │   ├── DatabaseAwayError         it does not answer; trying again later may help
    │   ├── UnstorableTextError       a text with a NUL character; a BadInputError as well
    │   └── SchemaError               its schema is newer than, or differs from, what this version knows
    ├── CheckpointError               a checkpoint is torn or belongs to another run
    │   └── DiskFullError             there is no room for it; the older one is untouched
    ├── RemoteError                   the shared folder does not answer or refuses; trying again later may help
    ├── SpoolError                    the spool cannot be written or read
    └── PlatformError                 the platform cannot start, is not running, or is already running

A message says what came, what was allowed and what to try.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class NNTrackerError(Exception):
    """Base of all errors raised on purpose; its text is meant for the person who reads it."""


class BadInputError(NNTrackerError):
    """Something a person gave cannot be used; nothing was run or stored."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file, and where."""

    path: str  # "optimizers[0].conf.momentum"; "" for the file as a whole
    message: str  # what came, what was allowed, what to try

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(BadInputError):
    """The experiment file has problems; `problems` lists all of them."""

    def __init__(self, problems: Sequence[Problem], source: str = "experiment") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        lines = [f"{source}: {count} problem{'s' if count != 1 else ''}"]
        super().__init__("\n".join([*lines, *(f"  - {problem}" for problem in self.problems)]))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...], str]]:
        return type(self), (self.problems, self.source)


class UnconfirmedError(BadInputError):
    """A deletion that nobody has confirmed; `confirmation` is the text that confirms it."""

    def __init__(self, message: str, confirmation: str) -> None:
        self.confirmation = confirmation
        super().__init__(message)

    def __reduce__(self) -> tuple[type[UnconfirmedError], tuple[str, str]]:
        return type(self), (str(self), self.confirmation)


class OverQuotaError(BadInputError):
    """More is uploaded than an account may keep."""


class DatasetError(BadInputError):
    """A dataset is missing, malformed, or does not fit."""


class FetchError(DatasetError):
    """A URL may not or cannot be fetched."""


class UnsafeFileError(DatasetError):
    """A file would run code, escape its folder, or exhaust the machine."""


class ModelError(BadInputError):
    """A model description is outside the strict schema, or too costly to build."""


class QueryError(BadInputError):
    """SQL that is not one read-only statement, or that ran past its limits."""


class NotFoundError(NNTrackerError):
    """No such thing, or not the caller's to see."""


class ConflictError(NNTrackerError):
    """The thing is not in a state that allows this."""


class StaleAttemptError(NNTrackerError):
    """A newer attempt of this run holds the lease; this trainer must stop."""


class StorageError(NNTrackerError):
    """The database refused or failed."""


class DatabaseAwayError(StorageError):
    """The database does not answer; trying again later may help."""


class UnstorableTextError(BadInputError, StorageError):
    """A text holds a NUL character, which no text in the database can."""


class SchemaError(StorageError):
    """The schema in the database is newer than, or differs from, what this version knows."""


class CheckpointError(NNTrackerError):
    """A checkpoint is torn, or belongs to another run."""


class DiskFullError(CheckpointError):
    """There is no room for a checkpoint; the older one is untouched."""


class RemoteError(NNTrackerError):
    """The shared folder does not answer or refuses; trying again later may help."""


class SpoolError(NNTrackerError):
    """The spool cannot be written or read."""


class PlatformError(NNTrackerError):
    """The platform cannot start, is not running, or is already running."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or "" when none is near.

    >>> did_you_mean("adm", ["adam", "sgd"])
    "Did you mean 'adam'?"
    """
    by_lower = {word.lower(): word for word in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""
