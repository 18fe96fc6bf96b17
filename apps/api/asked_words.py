"""Words that callers send, as the database can take them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from nntracker_ray import npz
from nntracker_ray.errors import BadInputError
from nntracker_ray.moments import in_utc

T = TypeVar("T")
# PostgreSQL's text holds every character but this one.
WITHOUT_NUL = r"^[^\x00]*$"
Word = Annotated[str, Field(max_length=200, pattern=WITHOUT_NUL)]
Metrics = Annotated[
    list[Annotated[str, Query(max_length=200, pattern=WITHOUT_NUL)]] | None,
    Query(max_length=100, description="only these; repeat for several"),
]


def whole_characters(value: T) -> T:
    """JSON whose texts are text, as a validator: pydantic looks only at those that it knows for a `str`."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a surrogate pair; write the whole character") from None
    return value


# Without an offset it is meant in UTC.
Moment = Annotated[datetime, AfterValidator(in_utc)]


def without_nul(text: str, what: str) -> str:
    """The text. Raises: BadInputError: It holds a character that no text in the database can."""
    if "\x00" in text:
        raise BadInputError(f"{what} holds a NUL character, which no text here can")
    return text


def npz_answer(content: bytes) -> Response:
    """A file of arrays as an answer."""
    return Response(content, media_type="application/octet-stream", headers={"x-content-form": "npz"})


def arrays_answer(**arrays: Any) -> Response:
    """Arrays by name as an answer."""
    return npz_answer(npz.write_arrays(arrays))


NPZ_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "NPZ, without pickled objects"}
}
