"""Connections that are opened only to an address that was checked, and that all end at one deadline."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from nntracker_ray.datasets.addresses import Network, refusal
from nntracker_ray.errors import FetchError


def resolve(host: str, port: int) -> list[str]:
    """The host's addresses, by the system's resolver. Raises: OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves once, refuses the host if any of its addresses is refused, connects to an address it has checked."""

    def __init__(
        self, resolver: Callable[[str, int], Sequence[str]], allowed: Sequence[Network], deadline_s: float
    ) -> None:
        self._resolver = resolver
        self._allowed = allowed
        self._deadline_s = deadline_s  # on the monotonic clock
        self._network = httpcore.SyncBackend()
        self.address: str | None = None  # the last one connected to, for messages

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers. Raises: FetchError: One of them is refused."""
        addresses = self._checked_addresses(host, port)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, timeout, local_address, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        options: Iterable[Any] | None,
    ) -> httpcore.NetworkStream:
        self.address = address
        wait_s = time_left(self._deadline_s, timeout, httpcore.ConnectTimeout)
        stream = self._network.connect_tcp(address, port, wait_s, local_address, options)
        return _DeadlineStream(stream, self._deadline_s)

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Never. Raises: FetchError."""
        raise FetchError("datasets are not fetched from unix sockets")

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._network.sleep(seconds)

    def _checked_addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = list(self._resolver(host, port))
        except (OSError, UnicodeError) as error:
            raise FetchError(f"{host}: the name cannot be resolved ({error}); check the URL") from error
        if not addresses:
            raise FetchError(f"{host}: the name has no address; check the URL")
        for address in addresses:
            # A host with one public and one private address is no mistake of the innocent.
            if why := refusal(address, self._allowed):
                raise FetchError(
                    f"{host} ({address}): {address} {why}, and datasets are fetched from public addresses only; "
                    "the administrator can list networks in NNTRACKER_ALLOWED_NETWORKS"
                )
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline_s: float) -> None:
        self._inner = inner
        self._deadline_s = deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, time_left(self._deadline_s, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, time_left(self._deadline_s, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait_s = time_left(self._deadline_s, timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, wait_s), self._deadline_s)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def time_left(deadline_s: float, wish_s: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Seconds to wait: the wish, or less near the deadline. Raises: The given timeout, past the deadline."""
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise late("took longer than the time allowed in all")
    return left_s if wish_s is None else min(wish_s, left_s)
