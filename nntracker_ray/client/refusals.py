"""Answers of the platform that say no, as the errors that the same thing raises everywhere else."""

from __future__ import annotations

from typing import Any, Final

import httpx

from nntracker_ray.errors import (
    BadInputError,
    ConfigError,
    ConflictError,
    DatabaseAwayError,
    NNTrackerError,
    NotFoundError,
    PlatformError,
    Problem,
    RemoteError,
    UnconfirmedError,
)

ERRORS: Final[dict[int, type[NNTrackerError]]] = {
    400: BadInputError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    413: BadInputError,
    422: BadInputError,
    429: ConflictError,
    502: RemoteError,
    503: DatabaseAwayError,
}


def raise_refusal(answer: httpx.Response) -> None:
    """Raises: NNTrackerError: The platform did not do what it was asked; the words are its own."""
    if answer.is_success:
        return
    told = _told(answer)
    detail = str(told.get("detail") or f"{answer.status_code} {answer.reason_phrase}")
    if isinstance(told.get("problems"), list):
        raise ConfigError([Problem(str(one["path"]), str(one["message"])) for one in told["problems"]])
    if "confirmation" in told:
        raise UnconfirmedError(detail, str(told["confirmation"]))
    if answer.status_code in (401, 403):
        raise PlatformError(f"{answer.url.host} does not let you in: {detail}")
    raise ERRORS.get(answer.status_code, PlatformError)(detail)


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
