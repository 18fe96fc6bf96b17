"""Problems on the way from a file to a configuration: gathered, placed, worded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import ErrorDetails

from nntracker_ray.errors import Problem, did_you_mean

MOST_TOLD = 200  # problems of one file
LONGEST_SHOWN = 60  # characters of a wrong value that a message repeats


@dataclass
class Problems:
    """Everything found so far, in the order it was found; nothing is said twice about one place."""

    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        """Note one problem; beyond the first hundreds they no longer help anybody."""
        if len(self.found) < MOST_TOLD:
            self.found.append(Problem(path, message))
        elif len(self.found) == MOST_TOLD:
            self.found.append(Problem("", f"and more; the first {MOST_TOLD} problems are listed"))

    @property
    def full(self) -> bool:
        """Whether further problems would not be listed, so that looking for them can end."""
        return len(self.found) > MOST_TOLD

    def add_unknown_key(self, path: str, key: str, known: Iterable[str], of: str = "") -> None:
        """Note a key that means nothing at its place, with the nearest known one, or all of them."""
        if not self.full:
            words = list(known)
            hint = did_you_mean(key, words) or f"Known keys: {', '.join(words)}."
            self.add(path, f"unknown key{of and f' for {of}'}. {hint}")

    def touch(self, path: str) -> bool:
        """Whether something at this place, inside it or around it is known to be wrong."""
        return any(_inside(path, problem.path) or _inside(problem.path, path) for problem in self.found)


def _inside(path: str, outer: str) -> bool:
    return path == outer or (bool(outer) and path.startswith((f"{outer}.", f"{outer}[")))


def join(path: str, key: str | int) -> str:
    """The path of a part: `join("optimizers", 0)` is "optimizers[0]", `join("a", "b")` is "a.b"."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def shown(value: object) -> str:
    """A wrong value as a message repeats it: with its kind, and cut when long."""
    if value is None:
        return "nothing (null)"
    text = _short(str(value) if isinstance(value, bool | int | float) else repr(value))
    return f"{text} ({kind_of(value)})"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def kind_of(value: object) -> str:
    """What a value is, in the words of a person who writes files."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true/false"),
        (int, "whole number"),
        (float, "number"),
        (str, "text"),
        (list, "list"),
        (tuple, "list"),
        (dict, "object"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), type(value).__name__)


def from_pydantic(error: ErrorDetails) -> tuple[tuple[str | int, ...], str]:
    """Place and message of one pydantic error."""
    return _place(error), _message(error)


def _place(error: ErrorDetails) -> tuple[str | int, ...]:
    return tuple(error["loc"])


def _message(error: ErrorDetails) -> str:
    kind, value = error["type"], error.get("input")
    if kind == "missing":
        return "required, but missing"
    if kind == "value_error":
        return str(error.get("ctx", {}).get("error", error["msg"]))
    if error["loc"][0] == "model":
        return f"must be a path, a stored name or an inline Keras model; came {shown(value)}"
    message = error["msg"].replace("Input should be", "must be").replace("Input should have", "must have")
    for theirs, ours in _PLAIN_WORDS:
        message = message.replace(theirs, ours)
    return f"{message}; came {shown(value)}{_hint(error, value)}"


_PLAIN_WORDS = (
    ("must be a valid dictionary or instance of", "must be an object:"),
    ("must be a valid dictionary", "must be an object"),
    ("must be a valid integer", "must be a whole number"),
    ("must be a valid tuple", "must be a list"),
    ("must be a valid string", "must be text"),
    ("must be a valid boolean", "must be true or false"),
    ("String should match pattern", "must be plain text without control characters, pattern"),
    ("Tuple should have", "must have"),
    (" after validation, not 0", ""),
    ("String should have", "must have"),
)


def _hint(error: ErrorDetails, value: Any) -> str:
    expected = str(error.get("ctx", {}).get("expected", ""))
    if error["type"] != "literal_error" or not isinstance(value, str):
        return ""
    hint = did_you_mean(value, _quoted(expected))
    return f". {hint}" if hint else ""


def _quoted(text: str) -> Sequence[str]:
    return text.split("'")[1::2]
