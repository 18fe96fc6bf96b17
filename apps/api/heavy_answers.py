"""JSON that takes long to work out and to write: both in a thread of its own, and never on the event loop."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel
from starlette.responses import Response

from apps.heavy_work import Lane, heavily


async def heavy_answer(make: Callable[[], BaseModel]) -> Response:
    """What `make` gives, as the framework would write it. The route names the model as its `response_model`."""
    text = await heavily(Lane.NUMBERS, lambda: make().model_dump_json())
    return Response(text, media_type="application/json")
