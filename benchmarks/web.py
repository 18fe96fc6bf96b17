"""The web server as a platform has it, in a process of its own, and signed-in callers of it."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import psutil

from apps.api.sign_in import make_login_link
from nntracker_ray.storage.connection import Database

Serve = Callable[
    [str, str, Connection], None
]  # home, DSN, pipe: sends the address, serves until it hears something


@dataclass(frozen=True, slots=True)
class Server:
    """A web server in a process of its own."""

    address: str  # "http://127.0.0.1:8000"
    process: psutil.Process

    @property
    def worked_ms(self) -> float:
        """Processor time so far: in it the machine's other load does not count."""
        times = self.process.cpu_times()
        return float(times.user + times.system) * 1e3


@contextmanager
def web_server(dsn: str, serve: Serve | None = None) -> Iterator[Server]:
    """Serve our web application, or what `serve` serves."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as home:
        process = context.Process(target=serve or _serve, args=(home, dsn, theirs))
        process.start()
        try:
            yield Server(ours.recv(), psutil.Process(process.pid))
        finally:
            ours.send("end")
            process.join(30)


@contextmanager
def signed_in(database: Database, address: str) -> Iterator[httpx.Client]:
    """A caller of the REST interface, as the local account."""
    _, _, secret = make_login_link(database, address).partition("#")
    with httpx.Client(base_url=address, headers={"origin": address}, timeout=60) as client:
        client.post("/session", json={"token": secret}).raise_for_status()
        yield client


def _serve(home: str, dsn: str, pipe: Connection) -> None:
    from tests.web_examples import web_server as in_a_thread

    with in_a_thread(Path(home), dsn) as address:
        pipe.send(address)
        pipe.recv()
