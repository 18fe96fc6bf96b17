"""Errors as scripts read them: RFC 9457, application/problem+json."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from apps.api.bodies import TooLargeError
from apps.api.etags import OvertakenError
from apps.api.sign_in import TooManyAttemptsError
from nntracker_ray.disk_room import is_disk_full
from nntracker_ray.errors import (
    BadInputError,
    CheckpointError,
    ConfigError,
    ConflictError,
    DatabaseAwayError,
    NotFoundError,
    OverQuotaError,
    RemoteError,
    UnconfirmedError,
)

MEDIA_TYPE = "application/problem+json"
STATUSES: dict[type[Exception], int] = {
    BadInputError: 400,
    TooLargeError: 413,
    OverQuotaError: 413,
    NotFoundError: 404,
    ConflictError: 409,
    CheckpointError: 409,
    OvertakenError: 412,
    RemoteError: 502,
    DatabaseAwayError: 503,
}


class Problem(BaseModel):
    """What went wrong, and what to try."""

    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what came, what was allowed, what to try")


class ProblemResponse(JSONResponse):
    """A problem on its way. It may repeat what came, also what is no text: half of a surrogate pair."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """As JSONResponse does, with what UTF-8 cannot say replaced."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    """The answer to a request that is refused or failed.

    Args:
        more: Further members: a list of errors, say.
    """
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    # `more` may name a type of its own.
    return ProblemResponse({**body.model_dump(), **more}, status_code=status)


def answer_with_problems(app: FastAPI) -> None:
    """Let every error of the application be a problem."""
    for kind, status in STATUSES.items():
        app.add_exception_handler(kind, _answer(status))
    app.add_exception_handler(UnconfirmedError, _unconfirmed)
    app.add_exception_handler(ConfigError, _not_usable)
    app.add_exception_handler(TooManyAttemptsError, _too_many)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _refused)


def answer_for_tornado(app: FastAPI) -> None:
    """Let what Panel's own routes refuse, as Tornado refuses it, be a problem as well."""
    from tornado.web import HTTPError  # comes with Panel, and is loaded with it

    def handler(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPError)  # noqa: S101 - registered for nothing else
        return problem(error.status_code, error.log_message or HTTPStatus(error.status_code).phrase)

    app.add_exception_handler(HTTPError, handler)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the problems it may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "model": Problem, "content": content}
        for status in statuses
    }


def _answer(status: int) -> Callable[[Request, Exception], JSONResponse]:
    def handler(_request: Request, error: Exception) -> JSONResponse:
        return problem(status, str(error))

    return handler


def _unconfirmed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UnconfirmedError)  # noqa: S101 - registered for nothing else
    return problem(400, str(error), type="urn:nntracker:confirm-deletion", confirmation=error.confirmation)


def _not_usable(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ConfigError)  # noqa: S101 - registered for nothing else
    return problem(
        400, str(error), problems=[{"path": one.path, "message": one.message} for one in error.problems]
    )


def _too_many(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TooManyAttemptsError)  # noqa: S101 - registered for nothing else
    answer = problem(429, str(error))
    answer.headers["retry-after"] = str(error.retry_after_s)
    return answer


def _no_room(_request: Request, error: Exception) -> JSONResponse:
    if not is_disk_full(error):
        raise error
    return problem(
        507, "the disk of the platform is full; nothing was kept. Free some room, then send it again"
    )


def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    answer = problem(error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _not_valid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    # Not what came: it may be large, or a secret, and the sender has it.
    errors = [{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()]
    detail = "; ".join(f"{one['where']}: {one['what']}" for one in errors)
    return problem(422, detail, errors=errors)
