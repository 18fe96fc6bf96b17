"""Passwords: which are good enough, and their Argon2id hashes.

Sources: NIST SP 800-63B-4 (length instead of composition rules, a block-list), OWASP Password Storage Cheat Sheet.
"""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from nntracker_ray.errors import BadInputError

LEAST_LENGTH = 15  # the password is the only factor
GREATEST_LENGTH = 256
LEAST_SCORE = 3  # of zxcvbn's 0 to 4: more than 10^8 guesses
# Each holds 64 MiB while it works: whoever sends many sign-ins waits, instead of filling the memory.
_AT_ONCE = threading.BoundedSemaphore(2)
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, type=Type.ID)


def check_password(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Refuse a password that others could guess.

    Args:
        about: Words that an attacker would try first: the account's name, the person's.
    Raises: BadInputError: It is too short, too long, or easily guessed; the message says which and never repeats it.
    """
    if len(password) < LEAST_LENGTH:
        raise BadInputError(
            f"a password needs {LEAST_LENGTH} characters, {len(password)} came; a sentence is easy to remember"
        )
    if len(password) > GREATEST_LENGTH:
        raise BadInputError(f"a password may have {GREATEST_LENGTH} characters, {len(password)} came")
    from zxcvbn import zxcvbn

    # The first characters decide: zxcvbn takes seconds for very long texts.
    found = zxcvbn(password[:64], user_inputs=[word for word in (*about, "nntracker") if word])
    if found["score"] < LEAST_SCORE:
        feedback = found["feedback"]
        hint = (
            feedback["warning"]
            or " ".join(feedback["suggestions"])
            or "Use words that do not belong together."
        )
        raise BadInputError(f"this password is easily guessed. {hint}")


def strength(password: str, *, about: tuple[str, ...] = ()) -> str:
    """What is to be said of a password while it is typed: what is wrong with it, or '' for a good one."""
    try:
        check_password(password, about=about)
    except BadInputError as error:
        return str(error)
    return ""


def hash_password(password: str) -> str:
    """Argon2id with a random salt, parameters included in the text."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Whether this is the password behind a stored hash.

    Without one (an unknown account, one that signs in by link) it takes as long and is false, so that nobody learns
    from the time which accounts there are.
    """
    with _AT_ONCE:
        nobodys = _nobodys()  # first, so that the one time that it is made tells nothing either
        try:
            return _HASHER.verify(stored or nobodys, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _HASHER.hash("a password that is never compared with success")
