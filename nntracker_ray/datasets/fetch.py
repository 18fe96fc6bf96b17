"""Fetching a dataset from a URL without becoming anybody's way into the network we stand in.

http and https only; the host is resolved once, every address it has must be public, and the connection goes to the
address that was checked. Redirects are followed by hand, each checked again. No proxy, cookie, credential or
compression. One deadline for everything.
"""

from __future__ import annotations

import os
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import unquote

import httpcore
import httpx
import tenacity

from nntracker_ray.datasets.addresses import Network, parse_networks
from nntracker_ray.datasets.checked_connection import CheckedBackend, resolve
from nntracker_ray.errors import FetchError, UnsafeFileError

NETWORKS_VARIABLE = "NNTRACKER_ALLOWED_NETWORKS"
PORTS_VARIABLE = "NNTRACKER_ALLOWED_PORTS"
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_URL_CHARS = 4_096
_TRIES = 3
_HEADERS = [(b"Accept", b"*/*"), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"nntracker")]
_DISCARDED = re.compile(r"[^\w.()+ -]+")

Resolver = Callable[[str, int], Sequence[str]]  # (host, port) -> addresses


@dataclass(frozen=True)
class FetchRules:
    """What may be fetched, and how long it may take."""

    allowed_networks: tuple[Network, ...] = ()  # beside the public ones
    allowed_ports: frozenset[int] = frozenset((80, 443))
    most_redirects: int = 3
    total_s: float = 60.0  # for everything: names, redirects, retries, content
    silence_s: float = 15.0  # longest wait for the next bytes
    resolver: Resolver = resolve
    tls: ssl.SSLContext | None = None  # None: the usual certificate authorities

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> FetchRules:
        """The rules, widened by NNTRACKER_ALLOWED_NETWORKS (CIDR, comma-separated) and NNTRACKER_ALLOWED_PORTS.

        Raises: FetchError: Either variable cannot be read.
        """
        variables = os.environ if environment is None else environment
        try:
            networks = parse_networks(variables.get(NETWORKS_VARIABLE, ""))
            ports = {int(port) for port in variables.get(PORTS_VARIABLE, "").split(",") if port.strip()}
        except ValueError as error:
            raise FetchError(
                f"{NETWORKS_VARIABLE} or {PORTS_VARIABLE} cannot be read: {error}; "
                "write networks as 10.1.0.0/16,fd00:5::/48 and ports as 8080,8443"
            ) from error
        return cls(allowed_networks=networks, allowed_ports=frozenset((80, 443)) | ports)


def is_url(source: str) -> bool:
    """Whether the source is meant as a URL, also of a kind that will be refused: "file:///etc/passwd"."""
    return "://" in source or bool(re.match(r"(?:https?|file|ftp|data|gopher):", source, re.IGNORECASE))


def fetch(url: str, target: Path, *, max_bytes: int, rules: FetchRules | None = None) -> str:
    """Write what the URL holds to `target` (created). Returns: A file name, for people.

    Raises: FetchError: It may not or cannot be fetched; says host, address and why.
        UnsafeFileError: More than `max_bytes`.
    """
    rules = rules or FetchRules.from_environment()
    deadline_s = time.monotonic() + rules.total_s
    current = checked_url(url, rules)
    for _ in range(rules.most_redirects + 1):
        answer = _one_answer(current, target, max_bytes, rules, deadline_s)
        if answer.location is None:
            return file_name(current, answer.disposition)
        current = _next_url(current, answer.location, rules)
    raise FetchError(f"{url}: more than {rules.most_redirects} redirects; give the final address")


def checked_url(text: str, rules: FetchRules) -> httpx.URL:
    """The URL, if its form is one that may be fetched. Raises: FetchError: Scheme, port, credentials, form."""
    shown = text[:200]
    if len(text) > _MOST_URL_CHARS or any(
        char.isspace() or not char.isprintable() or char == "\\" for char in text
    ):
        raise FetchError(
            f"{shown!r}: a URL may hold no spaces, backslashes or control characters, and must be short"
        )
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(f"{shown}: not a URL ({error})") from error
    if url.scheme not in _PORTS:
        raise FetchError(f"{shown}: scheme {url.scheme!r} is not fetched; allowed are http and https")
    if url.userinfo or "@" in url.netloc.decode("ascii", "replace"):
        raise FetchError(f"{shown}: a URL with a user name or password is not fetched; use one without")
    if not url.raw_host:
        raise FetchError(f"{shown}: the URL names no host")
    port = url.port or _PORTS[url.scheme]
    if port not in rules.allowed_ports:
        allowed = ", ".join(map(str, sorted(rules.allowed_ports)))
        raise FetchError(
            f"{shown}: port {port} is not fetched from; allowed are {allowed} ({PORTS_VARIABLE} adds more)"
        )
    return url


@dataclass(frozen=True, slots=True)
class _Answer:
    location: str | None = None  # of a redirect
    disposition: str | None = None  # the server's file name


def _one_answer(
    url: httpx.URL, target: Path, max_bytes: int, rules: FetchRules, deadline_s: float
) -> _Answer:
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((httpcore.ConnectError, httpcore.ConnectTimeout)),
        stop=tenacity.stop_after_attempt(_TRIES)
        | tenacity.stop_before_delay(max(0.0, deadline_s - time.monotonic())),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=2),
        reraise=True,
    )
    backend = CheckedBackend(rules.resolver, rules.allowed_networks, deadline_s)
    try:
        return retrying(_request, url, target, max_bytes, rules, backend)
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
        why = str(error) or type(error).__name__
        if isinstance(error, httpcore.TimeoutException):
            why = f"too slow (allowed are {rules.silence_s:g} s of silence and {rules.total_s:g} s in all)"
        raise FetchError(
            f"{url.host} ({backend.address or 'not resolved'}): {why}; try again or download it by hand"
        ) from error


def _request(
    url: httpx.URL, target: Path, max_bytes: int, rules: FetchRules, backend: CheckedBackend
) -> _Answer:
    place = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    waits = dict.fromkeys(("connect", "read", "write", "pool"), rules.silence_s)
    with (
        httpcore.ConnectionPool(ssl_context=rules.tls, network_backend=backend) as pool,
        pool.stream(
            "GET", place, headers=[(b"Host", url.netloc), *_HEADERS], extensions={"timeout": waits}
        ) as answer,
    ):
        headers = {
            name.lower().decode("ascii", "replace"): value.decode("latin-1") for name, value in answer.headers
        }
        if answer.status in _REDIRECTS:
            return _Answer(location=headers.get("location", ""))
        if answer.status != 200:
            raise FetchError(
                f"{url.host} ({backend.address}): the server answered {answer.status}, expected 200: check the URL"
            )
        if headers.get("content-encoding", "identity") != "identity":
            raise FetchError(f"{url.host} ({backend.address}): sent compressed data although asked not to")
        _save(answer, target, max_bytes, headers.get("content-length"))
        return _Answer(disposition=headers.get("content-disposition"))


def _save(answer: httpcore.Response, target: Path, max_bytes: int, announced: str | None) -> None:
    if announced is not None and announced.isdigit() and int(announced) > max_bytes:
        raise UnsafeFileError(f"the server announces {int(announced):,} bytes; allowed are {max_bytes:,}")
    left = max_bytes
    with target.open("wb") as file:
        for block in answer.iter_stream():
            left -= len(block)
            if left < 0:
                raise UnsafeFileError(f"the server sends more than the allowed {max_bytes:,} bytes")
            file.write(block)


def _next_url(current: httpx.URL, location: str, rules: FetchRules) -> httpx.URL:
    try:
        joined = str(current.join(location)) if location else ""
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"{current.host}: redirects to {location[:200]!r}, which is no URL") from error
    if not joined:
        raise FetchError(f"{current.host}: redirects without saying where to")
    target = checked_url(joined, rules)
    if current.scheme == "https" and target.scheme != "https":
        raise FetchError(
            f"{current.host}: redirects from https to unencrypted {target.host}; give an https address"
        )
    return target


def file_name(url: httpx.URL, disposition: str | None) -> str:
    """A name from the server's Content-Disposition or the URL's path, harmless characters only."""
    header = Message()
    header["Content-Disposition"] = (disposition or "").replace("\r", " ").replace("\n", " ")
    try:
        named = header.get_filename() or ""
    except (LookupError, ValueError):
        named = ""
    last = (named or unquote(url.path)).replace("\\", "/").rsplit("/", 1)[-1]
    return _DISCARDED.sub("_", last).strip(" .")[:100] or url.host
