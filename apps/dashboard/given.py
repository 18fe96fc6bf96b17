"""What addresses and browsers say, read with care: nonsense is nothing, and no error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID


def words_of(arguments: Mapping[str, Sequence[bytes]]) -> dict[str, list[str]]:
    """The arguments of a request, as Bokeh hands them over, as words."""
    return {
        name: [typed(value.decode("utf-8", "replace")) for value in values]
        for name, values in arguments.items()
    }


def first_of(words: Mapping[str, Sequence[str]], name: str) -> str:
    """The first word of that name; '' where there is none."""
    return next(iter(words.get(name, ())), "").strip()


def typed(text: str, most: int | None = None) -> str:
    """A text as the database can hold it: without NULs and halves of characters, and not too long."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]


def uuid_of(word: str) -> UUID | None:
    """An id; None for anything else."""
    try:
        return UUID(word)
    except ValueError:
        return None
