"""The token that Ray's ports ask for: where it is, and how it is shown."""

from __future__ import annotations

import os
from pathlib import Path

from nntracker_ray.platform_file import PlatformInfo

TOKEN_VARIABLE, PATH_VARIABLE, MODE_VARIABLE = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"


def token_path_in_effect() -> Path | None:
    """The file from which this process's Ray has its token, absolute; None if it reads no file.

    Then the token is in `RAY_AUTH_TOKEN`, or nobody asks for one.

    Source: Ray 2.60, "Token authentication": first the token itself, then the path, then `~/.ray/auth_token`.
    """
    if os.environ.get(TOKEN_VARIABLE) or os.environ.get(MODE_VARIABLE, "token").lower() != "token":
        return None
    if given := os.environ.get(PATH_VARIABLE):
        return Path(given).absolute()
    usual = Path.home() / ".ray" / "auth_token"
    return usual if usual.exists() else None


def token_header(info: PlatformInfo) -> dict[str, str]:
    """What to send with a request to the platform's Ray. Raises: OSError: The token cannot be read."""
    token = Path(info.ray_token).read_text().strip() if info.ray_token else os.environ.get(TOKEN_VARIABLE)
    return {"authorization": f"Bearer {token}"} if token else {}
