"""The platform's REST interface, as Python calls it: paths and values in, records and arrays out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from nntracker_ray.client.refusals import raise_refusal
from nntracker_ray.errors import BadInputError, PlatformError
from nntracker_ray.plain_values import plain
from nntracker_ray.records import JsonValue, RunRow, from_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nntracker_ray.client.places import Place

# Longer than the server may take for a file, and than it holds back an answer that is waited for.
PATIENCE = httpx.Timeout(300.0, connect=10.0)
BLOCK_BYTES = 1 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some of the runs that match, and how many do."""

    total: int
    runs: tuple[RunRow, ...]


class Api:
    """One platform. Safe to share between threads.

    Args:
        place: Where it is.
        transport: Another way there than the network: a socket in a folder.

    Every method raises the error that the platform names, or PlatformError when it does not answer.
    """

    def __init__(self, place: Place, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = place.url
        self._http = httpx.Client(
            base_url=place.url,
            headers={"authorization": f"Bearer {place.token}"},
            timeout=PATIENCE,
            transport=transport,
            trust_env=False,  # a proxy named for the web has no business with the token
        )

    def __repr__(self) -> str:
        return f"<Api {self.url}>"

    def get(self, path: str, **asked: Any) -> JsonValue:
        """What JSON answers."""
        return self._ask("GET", path, params=_given(asked)).json()

    def read(self, kind: type[T], path: str, **asked: Any) -> T:
        """The answer as a record of this kind."""
        return from_json(kind, self._ask("GET", path, params=_given(asked)).content)

    def send(
        self, kind: type[T], path: str, body: JsonValue, *, method: str = "POST", key: str | None = None
    ) -> T:
        """Send JSON, and have the answer as a record of this kind.

        Args:
            key: Of idempotency: the same again is answered as the first.
        """
        headers = {"idempotency-key": key} if key is not None else {}
        return from_json(kind, self._ask(method, path, json=plain(body), headers=headers).content)

    def send_text(self, kind: type[T], path: str, text: str | bytes) -> T:
        """Send a text as it is."""
        return from_json(kind, self._ask("POST", path, content=text).content)

    def upload(
        self, kind: type[T], path: str, file: Path, *, patience: httpx.Timeout = PATIENCE, **asked: Any
    ) -> T:
        """Send a file, a block at a time. Raises: BadInputError: It cannot be read."""
        try:
            with file.open("rb") as content:
                headers = {"content-length": str(os.fstat(content.fileno()).st_size)}
                answer = self._ask(
                    "POST",
                    path,
                    params=_given(asked),
                    content=_blocks(content),
                    headers=headers,
                    timeout=patience,
                )
        except OSError as error:
            raise BadInputError(f"cannot be read: {error.strerror or error}") from error
        return from_json(kind, answer.content)

    def arrays(self, path: str, **asked: Any) -> dict[str, NDArray[Any]]:
        """The arrays of an NPZ."""
        from nntracker_ray.npz import read_arrays

        return read_arrays(self._ask("GET", path, params=_given(asked)).content)

    def columns(self, path: str, **asked: Any) -> dict[str, NDArray[Any]]:
        """Columns of one length."""
        from nntracker_ray.npz import read_columns

        return read_columns(self._ask("GET", path, params=_given(asked)).content)

    def download(
        self,
        path: str,
        target: Path,
        *,
        body: JsonValue = None,
        heard: Callable[[int], None] = lambda _: None,
        **asked: Any,
    ) -> None:
        """Write the answer to a new file, whole or not at all.

        Args:
            body: What to send; None: nothing.
            heard: Told how many bytes have come.
        Raises: BadInputError: It cannot be written there.
        """
        if target.exists():
            raise BadInputError(f"{target} is there already; choose another name")
        aside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with self.stream(path, body=body, **asked) as answer, aside.open("xb") as file:
                for block in answer.iter_bytes(BLOCK_BYTES):
                    file.write(block)
                    heard(file.tell())
            aside.rename(target)
        except OSError as error:
            raise BadInputError(f"{target} cannot be written: {error.strerror or error}") from error
        finally:
            aside.unlink(missing_ok=True)

    @contextmanager
    def stream(self, path: str, *, body: JsonValue = None, **asked: Any) -> Iterator[httpx.Response]:
        """An answer that comes bit by bit."""
        method, sent = ("GET", {}) if body is None else ("POST", {"json": body})
        with (
            self._translated(),
            self._http.stream(method, path, params=_given(asked), **sent) as answer,
        ):
            if not answer.is_success:
                answer.read()
            raise_refusal(answer)
            yield answer

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        with self._translated():
            answer = self._http.request(method, path, **more)
        raise_refusal(answer)
        return answer

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
            raise PlatformError(
                f"the platform at {self.url} does not answer ({why}); `nntracker start` starts one"
            ) from error


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not asked for."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asked.items()
        if value is not None and value != ()
    }


def _blocks(file: Any) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block
