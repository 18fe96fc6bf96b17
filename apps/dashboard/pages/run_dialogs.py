"""Questions that the page of a run asks before it acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.dashboard.components.dialogs import dialog
from apps.dashboard.components.elements import Deed, h
from apps.dashboard.components.fields import select_field, text_field
from apps.dashboard.components.trees import Tree
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.errors import BadInputError
from nntracker_ray.introspection.catalog import PRESET_NAMES
from nntracker_ray.records import JsonValue, RunRow

MOST_EPOCHS = 1_000_000
SAME, NOTHING = "same", "nothing"
LOOKS = ((SAME, "as at this run"), *((name, name) for name in PRESET_NAMES), (NOTHING, "at nothing"))


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody has written into a dialog, and what is wrong with it."""

    given: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)  # by field


NO_ANSWERS = Answers()


def extend_dialog(row: RunRow, answers: Answers = NO_ANSWERS) -> Tree:
    """How many more epochs."""
    return dialog(
        f"Extend {row.name}",
        h(
            "p",
            f"It has {row.epochs_done} of {row.total_epochs} epochs and goes on from its last checkpoint.",
        ),
        text_field(
            "epochs",
            "Epochs on top",
            answers.given.get("epochs", ""),
            hint="1 or more",
            wrong=answers.wrong.get("epochs", ""),
            inputmode="numeric",
            autofocus=True,
        ),
        act="give-extend",
        confirm="Extend the run",
    )


def priority_dialog(answers: Answers = NO_ANSWERS) -> Tree:
    """Its place among the owner's own runs."""
    return dialog(
        "Go sooner or later",
        text_field(
            "priority",
            "Priority",
            answers.given.get("priority", "10"),
            hint="-1000 to 1000; among your own runs the higher goes first, 0 is usual",
            wrong=answers.wrong.get("priority", ""),
            autofocus=True,
        ),
        act="give-prioritise",
        confirm="Set the priority",
    )


def fork_dialog(row: RunRow, checkpoints: Sequence[CheckpointInfo], answers: Answers = NO_ANSWERS) -> Tree:
    """From which checkpoint, and with what changed."""
    options = [(info.name, _said(info)) for info in reversed(checkpoints)] or [
        ("last", "last: none is kept yet")
    ]
    given, wrong = answers.given, answers.wrong
    return dialog(
        f"Fork {row.name}",
        h(
            "p",
            "A new run goes on from a checkpoint of this one; its curves begin with those that it inherits.",
        ),
        select_field(
            "checkpoint",
            "Checkpoint",
            options,
            given.get("checkpoint", "last"),
            wrong=wrong.get("checkpoint", ""),
        ),
        text_field(
            "learning_rate",
            "Learning rate",
            given.get("learning_rate", ""),
            hint="Empty: as it is",
            wrong=wrong.get("learning_rate", ""),
            inputmode="decimal",
        ),
        text_field(
            "epochs",
            "Epochs in all",
            given.get("epochs", ""),
            hint=f"Empty: {row.total_epochs}, as this run",
            wrong=wrong.get("epochs", ""),
            inputmode="numeric",
        ),
        select_field(
            "introspection",
            "Look inside",
            LOOKS,
            given.get("introspection", SAME),
            hint="From the checkpoint on, at every layer. Single metrics: on the command line",
            wrong=wrong.get("introspection", ""),
        ),
        text_field("name", "Name", given.get("name", ""), hint="Empty: made from this run's", maxlength=100),
        act="give-fork",
        confirm="Fork the run",
    )


def add_tag_dialog(known: Sequence[str]) -> Tree:
    """Tags to put on the run."""
    listed = h("p", "In use: ", ", ".join(known[:20]), cls="about") if known else None
    return dialog(
        "Tag this run",
        text_field("add", "Tags", hint="Several with commas between", autofocus=True),
        listed,
        act="give-tags",
        confirm="Add",
    )


def extension(deed: Deed) -> dict[str, JsonValue]:
    """The arguments of a command to extend. Raises: FieldsError: What was written is no number of epochs."""
    return {"epochs": _whole(deed.only("epochs"), "epochs", 1, MOST_EPOCHS)}


def priority(deed: Deed) -> dict[str, JsonValue]:
    """The arguments of a command to prioritise. Raises: FieldsError."""
    return {"priority": _whole(deed.only("priority"), "priority", -1000, 1000)}


def fork(deed: Deed) -> dict[str, JsonValue]:
    """The arguments of a command to fork. Raises: FieldsError: A number that is none."""
    changes: dict[str, JsonValue] = {}
    if rate := deed.only("learning_rate").strip():
        changes["learning_rate"] = _positive(rate, "learning_rate")
    if epochs := deed.only("epochs").strip():
        changes["total_epochs"] = _whole(epochs, "epochs", 1, MOST_EPOCHS)
    if (looks := deed.only("introspection", SAME)) != SAME:
        changes["introspection"] = [] if looks == NOTHING else [looks[:100]]
    name = deed.only("name").strip()
    return {
        "checkpoint": deed.only("checkpoint", "last")[:200],
        "changes": changes,
        **({"name": name[:100]} if name else {}),
    }


class FieldsError(BadInputError):
    """What somebody wrote into a field cannot be used."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(what)
        self.wrong = {name: what}


def _whole(text: str, name: str, lowest: int, highest: int) -> int:
    word = text.strip()
    is_number = word.removeprefix("-").isdecimal() and word.isascii() and len(word) < 12
    if not is_number or not lowest <= int(word) <= highest:
        raise FieldsError(name, f"a whole number from {lowest:,} to {highest:,} is needed here")
    return int(word)


def _positive(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise FieldsError(name, "a number above 0 is needed here, as 0.001 or 1e-4")
    return value


def _said(info: CheckpointInfo) -> str:
    metric = f", {info.metric} {info.value:.4g}" if info.metric and info.value is not None else ""
    return f"{info.name}: {info.epochs_done} epochs{metric}"
