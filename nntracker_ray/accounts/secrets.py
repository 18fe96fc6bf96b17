"""Random secrets of sessions, links and tokens: handed out once, and kept as hashes only."""

from __future__ import annotations

import hashlib
import secrets

SECRET_BYTES = 32
TOKEN_PREFIX = "nnt_"  # noqa: S105 (no password: it lets people and secret scanners recognise one of our tokens)
SHOWN_START = 8  # characters of a token that stay readable in lists, prefix included


def new_secret() -> str:
    """256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_token() -> str:
    """A secret for an API token, recognisable by its prefix."""
    return TOKEN_PREFIX + new_secret()


def secret_hash(secret: str) -> bytes:
    """What the database keeps. Plain SHA-256 is enough for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()
