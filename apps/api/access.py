"""Who may ask for what: one explicit table. A route that is not in it does not exist for anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.routing import compile_path

WEBSOCKET = "WEBSOCKET"  # stands where HTTP routes have their method


class Access(StrEnum):
    """What a caller must show."""

    ANYONE = "anyone"
    SESSION = "session"  # a valid session cookie


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    method: str
    path: str  # as routes are written: "/api/runs/{run_id}"
    access: Access
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", compile_path(self.path)[0])


RULES: tuple[Rule, ...] = (
    Rule("GET", "/welcome", Access.ANYONE),
    Rule("GET", "/assets/{path:path}", Access.ANYONE),
    Rule("POST", "/session", Access.ANYONE),
    Rule("GET", "/session", Access.SESSION),
    Rule("POST", "/sign-out", Access.SESSION),
    Rule("GET", "/api/health", Access.ANYONE),
    Rule("GET", "/api/openapi.json", Access.SESSION),
    Rule("GET", "/api/runs", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}/metrics", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}/history", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}/logs", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}/adaptations", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}/checkpoints", Access.SESSION),
    Rule("GET", "/api/runs/{run_id}/checkpoints/{name}", Access.SESSION),
    Rule("GET", "/api/experiments", Access.SESSION),
    Rule("GET", "/api/experiments/{experiment_id}", Access.SESSION),
    Rule("POST", "/api/commands", Access.SESSION),
    Rule("GET", "/api/commands", Access.SESSION),
    Rule("GET", "/api/commands/{command_id}", Access.SESSION),
    Rule("GET", "/", Access.SESSION),
    Rule(WEBSOCKET, "/ws", Access.SESSION),
    Rule("GET", "/run", Access.SESSION),
    Rule(WEBSOCKET, "/run/ws", Access.SESSION),
    Rule(
        "GET", "/static/{path:path}", Access.ANYONE
    ),  # Bokeh's and Panel's own scripts, the same for everybody
    Rule("GET", "/components/{path:path}", Access.SESSION),
)


def find_rule(method: str, path: str) -> Rule | None:
    """The rule for a request; None refuses it. HEAD is answered as GET is."""
    asked = "GET" if method == "HEAD" else method
    return next((rule for rule in RULES if rule.method == asked and rule.pattern.match(path)), None)
