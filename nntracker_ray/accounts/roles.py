"""What people may do: four roles, each allowing all that the ones before it do."""

from __future__ import annotations

from enum import StrEnum

from nntracker_ray.errors import BadInputError, did_you_mean


class Role(StrEnum):
    """What an account may do."""

    VIEWER = "viewer"  # sees what is shared with it, downloads it, changes nothing
    USER = "user"  # submits experiments and acts on them
    CODE = "code"  # besides, may submit Python functions that run inside trainings
    ADMINISTRATOR = (
        "administrator"  # besides, sees and acts on everybody's, and looks after accounts and settings
    )

    def allows(self, needed: Role) -> bool:
        """Whether this role is `needed` or more."""
        return _RANKS[self] >= _RANKS[needed]


class Scope(StrEnum):
    """What an API token may be used for; never more than its owner may do."""

    READ = "read"
    ACT = "act"  # change things: submit, command, tag, share
    ADMINISTER = "administer"


_RANKS = {role: rank for rank, role in enumerate(Role)}


def read_role(word: str) -> Role:
    """The role of that name. Raises: BadInputError: There is none."""
    try:
        return Role(word)
    except ValueError:
        hint = did_you_mean(word, [*Role])
        raise BadInputError(f"unknown role {word!r:.60}; known: {', '.join(Role)}. {hint}".strip()) from None
