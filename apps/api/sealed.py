"""Answers that may hold a secret, kept so that whoever has the database alone cannot read them.

AES-256-GCM under a key made from the secret of the session or token that asked, which the database does not have.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12
_PURPOSE: Final = b"nntracker repeated answer"


def seal(content: bytes, *, secret: str, about: str) -> bytes:
    """Encrypt.

    Args:
        secret: 256 random bits, as text.
        about: What it belongs to; it opens for nothing else.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key(secret, nonce)).encrypt(nonce, content, about.encode())


def unsealed(sealed: bytes, *, secret: str, about: str) -> bytes | None:
    """What was encrypted; None: with another secret, or about something else.

    >>> unsealed(seal(b"once", secret="s", about="x"), secret="s", about="x")
    b'once'
    """
    nonce = sealed[:NONCE_BYTES]
    try:
        return AESGCM(_key(secret, nonce)).decrypt(nonce, sealed[NONCE_BYTES:], about.encode())
    except InvalidTag:
        return None


def body_mac(body: bytes, *, secret: str) -> bytes:
    """Equal for equal bodies under one secret. No plain hash: a body may hold a password, which could be guessed."""
    return hmac.digest(secret.encode(), b"nntracker body" + hashlib.sha256(body).digest(), "sha256")


def _key(secret: str, nonce: bytes) -> bytes:
    # The secret is random: no slow derivation is needed. A key of its own for each answer: no nonce comes twice.
    return hmac.digest(secret.encode(), _PURPOSE + nonce, "sha256")
