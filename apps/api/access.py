"""Who may ask for what: one explicit table. A route that is not in it does not exist for anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from starlette.routing import compile_path

from apps.api.sign_in import Caller
from nntracker_ray.accounts.roles import Role, Scope

WEBSOCKET = "WEBSOCKET"  # stands where HTTP routes have their method
SAFE_METHODS = frozenset({"GET", "HEAD", WEBSOCKET})
# Who one is, and signing out: for everybody who is somebody, whatever their token is good for.
OF_ONESELF = frozenset({"/session", "/sign-out", "/api/me"})


class Access(StrEnum):
    """What a caller must be, at least."""

    ANYONE = "anyone"
    VISITOR = "visitor"  # somebody who has opened a share link
    VIEWER = "viewer"  # an account, whatever its role
    USER = "user"
    CODE = "code"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    method: str
    path: str  # as routes are written: "/api/runs/{run_id}"
    access: Access
    is_page: bool = False  # whether people, not scripts, read the answer
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", compile_path(self.path)[0])

    @property
    def scope(self) -> Scope:
        """What a token must be good for."""
        if self.access is Access.ADMINISTRATOR:
            return Scope.ADMINISTER
        return Scope.READ if self.method in SAFE_METHODS else Scope.ACT

    @property
    def needs_confirmation(self) -> bool:
        """Whether the password must have been given lately."""
        return self.access is Access.ADMINISTRATOR and self.method not in SAFE_METHODS

    def refusal(self, caller: Caller) -> str:
        """Why this caller may not, '' when they may."""
        if self.access is Access.VISITOR and (caller.user_id is None or self.path in OF_ONESELF):
            return ""
        if caller.user_id is None:
            return "a share link shows one experiment and nothing else; sign in for more"
        if self.access is not Access.VISITOR and not caller.role.allows(Role(self.access)):
            return (
                f"this needs the role {self.access}; yours is {caller.role}. An administrator can change it"
            )
        if self.scope not in caller.scopes:
            return (
                f"this token may {', '.join(sorted(caller.scopes))}, and not {self.scope}; make one that may"
            )
        return ""


def _page(path: str, access: Access) -> tuple[Rule, Rule]:
    """A page of the dashboard and its websocket."""
    return Rule("GET", path, access, is_page=True), Rule(WEBSOCKET, f"{path.rstrip('/')}/ws", access)


RULES: tuple[Rule, ...] = (
    Rule("GET", "/welcome", Access.ANYONE),
    Rule("GET", "/assets/{path:path}", Access.ANYONE),
    Rule("GET", "/register", Access.ANYONE),
    Rule("GET", "/shared", Access.ANYONE),
    Rule("GET", "/registration", Access.ANYONE),
    Rule("POST", "/registration", Access.ANYONE),
    Rule("POST", "/session", Access.ANYONE),
    Rule("GET", "/session", Access.VISITOR),
    Rule("POST", "/sign-out", Access.VISITOR),
    Rule("GET", "/api/health", Access.ANYONE),
    Rule("GET", "/api/openapi.json", Access.VIEWER),
    Rule("GET", "/api/runs", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/metrics", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/history", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/logs", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/adaptations", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/checkpoints", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/checkpoints/{name}", Access.VISITOR),
    Rule("GET", "/api/experiments", Access.VISITOR),
    Rule("GET", "/api/experiments/{experiment_id}", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/facts", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/specification", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/arrays", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/weights", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/layers", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/weights/points", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/captures/{epoch}", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/histograms", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/introspection", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/introspection/curves", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/introspection/heat", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/introspection/arrays", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/files/metrics.{kind}", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/files/experiment.json", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/files/run.json", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/archive", Access.VISITOR),
    Rule("GET", "/api/experiments/{experiment_id}/archive", Access.VISITOR),
    Rule("GET", "/api/archives", Access.VISITOR),
    Rule("POST", "/api/archives", Access.VIEWER),
    Rule("POST", "/api/archives/import", Access.USER),
    Rule("GET", "/api/metrics", Access.VISITOR),
    Rule("GET", "/api/compare/aggregate", Access.VISITOR),
    Rule("GET", "/api/compare/difference", Access.VISITOR),
    Rule("GET", "/api/compare/parallel", Access.VISITOR),
    Rule("GET", "/api/compare/weights", Access.VISITOR),
    Rule("GET", "/api/experiments/{experiment_id}/summary", Access.VISITOR),
    Rule("GET", "/api/experiments/{experiment_id}/folds/{fold}", Access.VISITOR),
    Rule("GET", "/api/tags", Access.VISITOR),
    Rule("POST", "/api/runs/tags", Access.USER),
    Rule("GET", "/api/find", Access.VIEWER),
    Rule("GET", "/api/names", Access.VIEWER),
    Rule("GET", "/api/events", Access.VISITOR),
    Rule("GET", "/api/runs/{run_id}/report", Access.VISITOR),
    Rule("POST", "/api/deletion-preview", Access.USER),
    Rule("GET", "/api/queue", Access.VIEWER),
    Rule("GET", "/api/shares", Access.ADMINISTRATOR),
    Rule("PUT", "/api/shares/{name}", Access.ADMINISTRATOR),
    Rule("POST", "/api/experiments", Access.USER),
    Rule("POST", "/api/experiments/preview", Access.USER),
    Rule("GET", "/api/experiments/{experiment_id}/file", Access.VISITOR),
    Rule("GET", "/api/datasets", Access.VIEWER),
    Rule("POST", "/api/datasets", Access.USER),
    Rule("GET", "/api/datasets/{dataset_id}", Access.VIEWER),
    Rule("PATCH", "/api/datasets/{dataset_id}", Access.USER),
    Rule("DELETE", "/api/datasets/{dataset_id}", Access.USER),
    Rule("GET", "/api/models", Access.VIEWER),
    Rule("POST", "/api/models", Access.USER),
    Rule("GET", "/api/models/{model_id}", Access.VIEWER),
    Rule("GET", "/api/models/{model_id}/json", Access.VIEWER),
    Rule("PATCH", "/api/models/{model_id}", Access.USER),
    Rule("DELETE", "/api/models/{model_id}", Access.USER),
    Rule("POST", "/api/commands", Access.USER),
    Rule("GET", "/api/commands", Access.VIEWER),
    Rule("GET", "/api/commands/{command_id}", Access.VIEWER),
    Rule("GET", "/api/experiments/{experiment_id}/shares", Access.USER),
    Rule("POST", "/api/experiments/{experiment_id}/shares", Access.USER),
    Rule("DELETE", "/api/experiments/{experiment_id}/shares/{user_id}", Access.USER),
    Rule("GET", "/api/experiments/{experiment_id}/links", Access.USER),
    Rule("POST", "/api/experiments/{experiment_id}/links", Access.USER),
    Rule("DELETE", "/api/experiments/{experiment_id}/links/{link_id}", Access.USER),
    Rule("GET", "/api/me", Access.VISITOR),
    Rule("PATCH", "/api/me", Access.VIEWER),
    Rule("POST", "/api/me/password", Access.VIEWER),
    Rule("POST", "/api/me/confirmation", Access.VIEWER),
    Rule("GET", "/api/me/sessions", Access.VIEWER),
    Rule("DELETE", "/api/me/sessions", Access.VIEWER),
    Rule("DELETE", "/api/me/sessions/{session_id}", Access.VIEWER),
    Rule("GET", "/api/me/tokens", Access.VIEWER),
    Rule("POST", "/api/me/tokens", Access.VIEWER),
    Rule("DELETE", "/api/me/tokens/{token_id}", Access.VIEWER),
    Rule("GET", "/api/users", Access.ADMINISTRATOR),
    Rule("POST", "/api/users", Access.ADMINISTRATOR),
    Rule("GET", "/api/users/{user_id}", Access.ADMINISTRATOR),
    Rule("PATCH", "/api/users/{user_id}", Access.ADMINISTRATOR),
    Rule("DELETE", "/api/users/{user_id}", Access.ADMINISTRATOR),
    Rule("POST", "/api/users/{user_id}/login-link", Access.ADMINISTRATOR),
    Rule("GET", "/api/invitations", Access.ADMINISTRATOR),
    Rule("POST", "/api/invitations", Access.ADMINISTRATOR),
    Rule("DELETE", "/api/invitations/{invitation_id}", Access.ADMINISTRATOR),
    Rule("GET", "/api/settings", Access.ADMINISTRATOR),
    Rule("PUT", "/api/settings", Access.ADMINISTRATOR),
    Rule("GET", "/api/audit", Access.ADMINISTRATOR),
    *_page("/", Access.VISITOR),
    *_page("/run", Access.VISITOR),
    *_page("/compare", Access.VISITOR),
    *_page("/new", Access.USER),
    *_page("/account", Access.VIEWER),
    *_page("/people", Access.ADMINISTRATOR),
    # Bokeh's and Panel's own scripts, the same for everybody.
    Rule("GET", "/static/{path:path}", Access.ANYONE),
    Rule("GET", "/components/{path:path}", Access.VISITOR),
)


def find_rule(method: str, path: str) -> Rule | None:
    """The rule for a request; None refuses it. HEAD is answered as GET is."""
    asked = "GET" if method == "HEAD" else method
    return next((rule for rule in RULES if rule.method == asked and rule.pattern.match(path)), None)


@cache
def pages() -> frozenset[str]:
    """Paths of the dashboard's pages."""
    return frozenset(rule.path for rule in RULES if rule.is_page)
