"""What `nntracker share` does: read or change shares, and print them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.opened_platform import open_api
from nntracker_ray.client.api import Api
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.records import JsonValue


@dataclass(frozen=True, slots=True)
class UserShare:
    """A user's share and what the user has now."""

    name: str
    weight: float  # of two users who wait, the one with twice the weight gets twice the hardware
    max_running: int | None  # None: no limit
    max_queued: int | None
    running: int  # runs at work
    cpu: float  # cores that they have
    gpu: float
    queued: int  # runs that wait for hardware


@dataclass(frozen=True, slots=True)
class _Users:
    users: list[UserShare]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be changed; None leaves it as it is."""

    weight: float | None = None
    max_running: str | None = None  # a number, or "none"
    max_queued: str | None = None  # same

    @property
    def is_nothing(self) -> bool:
        """Whether people only want to look."""
        return self == Wanted()

    def applied_to(self, share: UserShare) -> dict[str, JsonValue]:
        """As the platform takes it. Raises: BadInputError: A limit is neither a number nor "none"."""
        return {
            "weight": share.weight if self.weight is None else self.weight,
            "max_running": _limit("--max-running", self.max_running, share.max_running),
            "max_queued": _limit("--max-queued", self.max_queued, share.max_queued),
        }


def read_or_set(home: Home, user: str | None, wanted: Wanted) -> list[UserShare]:
    """The shares of everybody, or of one user, after the change that is wanted.

    Raises:
        BadInputError: A value cannot be used, or a change is wanted and no user named.
        NotFoundError: There is no such user.
    """
    if user is None and not wanted.is_nothing:
        raise BadInputError("whose share is to be changed? `nntracker share NAME --weight 2`")
    with open_api(home) as api:
        if user is not None and not wanted.is_nothing:
            (now,) = _of(_shares(api), user)
            api.send(_Users, f"/api/shares/{quote(user, safe='')}", wanted.applied_to(now), method="PUT")
        return _of(_shares(api), user)


def _shares(api: Api) -> list[UserShare]:
    return api.read(_Users, "/api/shares").users


def print_shares(console: Console, shares: Sequence[UserShare]) -> None:
    """Print the table; a dash means that there is no limit."""
    table = Table("user", "weight", "running", "of", "CPUs", "GPUs", "queued", "of", box=SIMPLE_HEAD)
    for one in shares:
        limits = [_shown(one.max_running), _shown(one.max_queued)]
        counts = [str(one.running), limits[0], f"{one.cpu:g}", f"{one.gpu:g}", str(one.queued), limits[1]]
        table.add_row(Text(one.name), f"{one.weight:g}", *counts)
    console.print(table)


def share_object(one: UserShare) -> dict[str, Any]:
    """The share as one JSON object."""
    return asdict(one)


def _of(shares: list[UserShare], user: str | None) -> list[UserShare]:
    found = [one for one in shares if user in (None, one.name)]
    if not found and user is not None:
        names = ", ".join(one.name for one in shares) or "nobody yet"
        raise NotFoundError(f"no user {user!r}; there are: {names}")
    return found


def _limit(option: str, given: str | None, now: int | None) -> int | None:
    if given is None:
        return now
    if given.strip().lower() == "none":
        return None
    try:
        return int(given)
    except ValueError:
        raise BadInputError(f"{option} came as {given!r}; allowed: a whole number, or none") from None


def _shown(limit: int | None) -> str:
    return "-" if limit is None else str(limit)
