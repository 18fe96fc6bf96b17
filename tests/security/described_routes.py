"""What OpenAPI says of our routes: where ids may be sent, and a body that can be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from apps.api.app import WebSettings, build_app
from nntracker_ray.home import Home


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    description: dict[str, Any]

    @property
    def json_body(self) -> dict[str, Any] | None:
        """How its JSON body is described; None for one without."""
        content = self.description.get("requestBody", {}).get("content", {})
        body: dict[str, Any] | None = content.get("application/json")
        return body

    @property
    def example(self) -> Any:
        """A body that its description gives."""
        body = self.json_body or {}
        if "examples" in body:
            return next(iter(body["examples"].values()))["value"]
        if "example" in body:
            return body["example"]
        return (resolved(body.get("schema", {})).get("examples") or [None])[0]

    def id_places(self) -> Iterator[tuple[str, str]]:
        """Where ids may stand: ("path", "run_id"), ("query", "experiment_id"), ("body", "selection.run_ids")."""
        for parameter in self.description.get("parameters", ()):
            if is_id(parameter["name"]):
                yield parameter["in"], parameter["name"]
        if self.json_body:
            yield from (("body", place) for place in _id_fields(self.json_body["schema"]))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def is_id(name: str) -> bool:
    """Whether a parameter or field names something by its id; where words are taken ids are taken too."""
    return name.endswith(("_id", "_ids", "_no")) or name in ("id", "ids", "minus", "run", "word")


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, as it is served."""
    return build_app(WebSettings(Home(Path("/nowhere")), "host=nowhere")).openapi()


@cache
def operations() -> tuple[Operation, ...]:
    """All of it."""
    return tuple(
        Operation(method.upper(), path, description)
        for path, methods in document()["paths"].items()
        for method, description in methods.items()
    )


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that is meant by a reference."""
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document()["components"]["schemas"][name] if name else schema
    return found


def _id_fields(schema: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, inner in resolved(schema).get("properties", {}).items():
        if is_id(name):
            yield above + name
        yield from _id_fields(inner, f"{above}{name}.")
