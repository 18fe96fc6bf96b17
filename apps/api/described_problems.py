"""What the description of the interface says of refusals that routes do not name themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from apps.api.access import Access, find_rule
from apps.api.problems import MEDIA_TYPE

REFERENCE: Final = {"$ref": "#/components/schemas/Problem"}
INVALID: Final = {
    "allOf": [REFERENCE],
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                "required": ["where", "what"],
            },
        }
    },
    "required": ["errors"],
}


def describe_problems(document: dict[str, Any]) -> None:
    """Add them: who may not ask (401, 403), what is not of the described form (422), a database that is away (503)."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            if "422" in responses:
                responses["422"] = _response(422, INVALID)
            # A body that is not even JSON.
            unreadable = (400,) if "requestBody" in operation else ()
            for status in (*unreadable, *_from_the_gate(method.upper(), path)):
                responses.setdefault(str(status), _response(status, REFERENCE))
    # FastAPI's own, which nothing answers with.
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _from_the_gate(method: str, path: str) -> tuple[int, ...]:
    rule = find_rule(method, path)
    if rule is None or rule.access is Access.ANYONE:
        return (503,)
    return (401, 403, 503)


def _response(status: int, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
