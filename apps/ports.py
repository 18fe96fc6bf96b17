"""Whether a port can be had, asked before anything that is slow to start or silent about it."""

from __future__ import annotations

import socket

from nntracker_ray.errors import PlatformError


def require_free_port(host: str, port: int) -> None:
    """Raises: PlatformError: The port is used, or may not be used; says which and what to try."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PlatformError(
                f"port {port} on {host} cannot be used ({error.strerror}); choose another with --port"
            ) from error
