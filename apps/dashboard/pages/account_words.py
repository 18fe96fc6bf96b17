"""Roles, scopes, browsers in words, the same on the pages of accounts and of people."""

from __future__ import annotations

from collections.abc import Sequence

from nntracker_ray.accounts.roles import Role, Scope

ROLE_WORDS = {
    Role.VIEWER: "sees and downloads what is shared with it, and changes nothing",
    Role.USER: "submits experiments and acts on its own and on what is shared for acting",
    Role.CODE: "as a user, and may submit Python functions that run inside trainings",
    Role.ADMINISTRATOR: "sees and acts on everybody's, and looks after accounts and settings",
}
SCOPE_WORDS = {
    Scope.READ: "look and download",
    Scope.ACT: "submit, command, tag, share",
    Scope.ADMINISTER: "look after accounts and settings",
}
# The first that is found counts: most browsers say that they are several.
_BROWSERS = (
    ("Firefox/", "Firefox"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ("python-httpx", "A Python script"), ("curl/", "curl"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_words(agent: str) -> str:
    """What a browser says of itself, in words.

    >>> browser_words("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox on Linux'
    """
    browser = next((name for sign, name in _BROWSERS if sign in agent), "Unknown browser")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return f"{browser} on {system}" if system else browser


def scope_words(scopes: Sequence[Scope]) -> str:
    """What a token may, in the order of might.

    >>> scope_words((Scope.ACT, Scope.READ))
    'read, act'
    """
    return ", ".join(scope for scope in Scope if scope in scopes)
