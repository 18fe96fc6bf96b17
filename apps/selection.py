"""Which runs a command line means."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.commands import Selection, parse_states
from nntracker_ray.errors import BadInputError, NotFoundError
from nntracker_ray.session import Session
from nntracker_ray.storage import queries


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


def selection_of(session: Session, chosen: Chosen) -> Selection:
    """The runs that are meant, as every door says it.

    Raises:
        BadInputError: Nothing was chosen, a word means several runs, or a state is unknown.
        NotFoundError: A run or experiment that is not there.
    """
    states = parse_states(chosen.states)
    _require_a_choice(chosen)
    with session.database.connection() as conn:
        owner_id = session.user_id
        named = [queries.run_called(conn, viewer_id=owner_id, word=word) for word in chosen.words]
        experiment_id = (
            queries.experiment_called(conn, viewer_id=owner_id, word=chosen.experiment)
            if chosen.experiment
            else None
        )
        if chosen.everything:
            named = queries.all_run_ids(conn, owner_id=owner_id)
            if not named:
                raise NotFoundError("there are no runs yet")
    return Selection(
        run_ids=tuple(dict.fromkeys(named)),
        experiment_id=experiment_id,
        tag=chosen.tag,
        states=states,
        said=chosen.said,
    )


def one_run(session: Session, word: str) -> UUID:
    """The run that a word means. Raises: NotFoundError, BadInputError: None is, or several are."""
    with session.database.connection() as conn:
        return queries.run_called(conn, viewer_id=session.user_id, word=word)


def _require_a_choice(chosen: Chosen) -> None:
    if chosen.everything and (chosen.words or chosen.experiment or chosen.tag):
        raise BadInputError("--all came together with a narrower choice; give one of the two")
    if not (chosen.words or chosen.experiment or chosen.tag or chosen.everything):
        also = " (--state alone narrows a choice down; add --all)" if chosen.states else ""
        raise BadInputError(f"no run was chosen: name runs, or give --experiment, --tag or --all{also}")
