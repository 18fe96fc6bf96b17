"""What accounts may be called."""

from __future__ import annotations

import re
import unicodedata

from nntracker_ray.errors import BadInputError

LONGEST_NAME = 60
LONGEST_FULL_NAME = 100
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,59}$"
NAME_RULE = "1 to 60 letters, digits and . _ @ + -, the first a letter or digit"


def checked_name(name: str) -> str:
    """Raises: BadInputError: It is not of the allowed form."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise BadInputError(f"the name {name[:80]!r} cannot be used; allowed: {NAME_RULE}")
    return name


def checked_full_name(text: str) -> str:
    """A person's name in any script, spaces at the ends removed. Raises: BadInputError: Too long, or unprintable."""
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > LONGEST_FULL_NAME:
        raise BadInputError(f"a full name may have {LONGEST_FULL_NAME} characters, {len(text)} came")
    if not text.isprintable():
        raise BadInputError("a full name cannot hold control characters")
    return text
