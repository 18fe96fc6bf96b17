"""Which runs a command line means."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from nntracker_ray.commands import parse_states
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was given on the command line, as it was given."""

    words: Sequence[str] = ()  # numbers, names or beginnings of ids
    experiment: str | None = None
    tag: str | None = None
    states: Sequence[str] = ()
    everything: bool = False

    @property
    def said(self) -> str:
        """The choice in one line, the same for the same words: "--tag nightly -- 12".

        >>> Chosen(["12", "my run"], tag="nightly").said
        "--tag nightly -- 12 'my run'"
        """
        named = {"--experiment": self.experiment, "--tag": self.tag}
        options = [part for name, value in named.items() if value for part in (name, value)]
        options += [part for state in self.states for part in ("--state", state)]
        return shlex.join([*options, *(["--all"] if self.everything else []), "--", *self.words])

    @property
    def is_one_by_one(self) -> bool:
        """Whether each run was named."""
        return bool(self.words)


def selection_of(chosen: Chosen) -> dict[str, JsonValue]:
    """The runs that are meant, in the words of the command line, as the platform takes them.

    Raises: BadInputError: Nothing was chosen, or a state is unknown.
    """
    states = parse_states(chosen.states)
    _require_a_choice(chosen)
    parts: dict[str, JsonValue] = {
        "runs": list(chosen.words),
        "experiment": chosen.experiment,
        "tag": chosen.tag,
        "states": [state.value for state in states],
        "everything": chosen.everything,
        "said": chosen.said,
    }
    return {name: value for name, value in parts.items() if value}


def _require_a_choice(chosen: Chosen) -> None:
    if chosen.everything and (chosen.words or chosen.experiment or chosen.tag):
        raise BadInputError("--all came together with a narrower choice; give one of the two")
    if not (chosen.words or chosen.experiment or chosen.tag or chosen.everything):
        also = " (--state alone narrows a choice down; add --all)" if chosen.states else ""
        raise BadInputError(f"no run was chosen: name runs, or give --experiment, --tag or --all{also}")
