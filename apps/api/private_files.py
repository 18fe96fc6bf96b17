"""Small files with secrets in them: readable by their owner alone, whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from nntracker_ray.home import Home


def page_secret(home: Home) -> bytes:
    """The key that signs page tokens, made at the first call and then the same for every replica and restart."""
    home.create()
    if not home.web_secret.exists():
        aside = _written_aside(home.web_secret, secrets.token_hex(32))
        # Of two makers one wins, and both read the winner's.
        with contextlib.suppress(FileExistsError):
            home.web_secret.hardlink_to(aside)
        aside.unlink()
    return home.web_secret.read_bytes()


def write_private(path: Path, text: str) -> None:
    """Replace the file's text; readers see the old one or the new one."""
    _written_aside(path, text).replace(path)


def _written_aside(path: Path, text: str) -> Path:
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return aside
