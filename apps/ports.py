"""Whether a port can be had, asked before anything that is slow to start or silent about it."""

from __future__ import annotations

import socket

from nntracker_ray.errors import PlatformError


def is_free_port(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    return _why_not(host, port) is None


def require_free_port(host: str, port: int) -> None:
    """Raises: PlatformError: The port is used, or may not be used; says which and what to try."""
    if (why := _why_not(host, port)) is not None:
        raise PlatformError(f"port {port} on {host} cannot be used ({why}); choose another with --port")


def _why_not(host: str, port: int) -> str | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None
