"""Long requests wait for each other and for nobody else, and leave nothing behind when they are cut off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from apps.api.checkpoints import PassingFile
from apps.heavy_work import Lane, heavily
from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client

MANY = 50  # more than any pool of threads that requests share
NOBODYS = UUID(int=7)


@pytest.fixture(scope="module")
def client(tmp_path_factory, module_database: Database) -> Iterator[httpx.Client]:
    with rest_client(tmp_path_factory.mktemp("home"), module_database) as client:
        yield client


@contextmanager
def busy(lane: Lane) -> Iterator[None]:
    """The lane works on something that takes long: the server is in this process."""
    done = threading.Event()

    async def occupy() -> None:
        await asyncio.gather(*(heavily(lane, lambda: done.wait(120)) for _ in range(2)))

    thread = threading.Thread(target=asyncio.run, args=(occupy(),))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(20)


@pytest.mark.parametrize(
    ("lane", "method", "path"),
    [
        (Lane.IMPORTS, "POST", "/api/archives/import"),
        (Lane.CHECKPOINTS, "GET", f"/api/runs/{NOBODYS}/checkpoints/last"),
        (Lane.FILES, "GET", f"/api/runs/{NOBODYS}/files/metrics.csv"),
        (Lane.NUMBERS, "GET", f"/api/runs/{NOBODYS}/weights?layer=dense"),
        (Lane.NUMBERS, "GET", f"/api/metrics?experiment_id={NOBODYS}"),
        (Lane.NUMBERS, "GET", f"/api/compare/aggregate?run_id={NOBODYS}&metric=loss"),
    ],
    ids=str,
)
def test_many_long_requests_keep_nobody_else_waiting(
    lane: Lane, method: str, path: str, client: httpx.Client
):
    """Anybody with a share link could otherwise close the platform to everybody by asking for one file often."""

    async def scene() -> list[int]:
        limits = httpx.Limits(max_connections=MANY + 1)
        async with httpx.AsyncClient(
            base_url=client.base_url, headers=client.headers, timeout=120, limits=limits
        ) as many:
            with busy(lane):
                waiting = [
                    asyncio.create_task(many.request(method, path, content=b"x" * (method == "POST")))
                    for _ in range(MANY)
                ]
                await asyncio.sleep(1)  # by then they hold whatever they hold
                assert not any(one.done() for one in waiting)
                assert (await many.get("/api/runs")).status_code == 200
            return [answer.status_code for answer in await asyncio.gather(*waiting)]

    assert set(asyncio.run(scene())) <= {200, 400, 404}


@pytest.mark.parametrize("error", [OSError("gone"), asyncio.CancelledError()], ids=repr)
def test_a_download_that_is_cut_off_leaves_no_file(error: BaseException, tmp_path: Path):
    """Checkpoints are large, and downloads are broken off every day: the disk would fill."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "last.keras").write_bytes(b"x" * 1_000_000)

    async def send(message: dict) -> None:
        if message["type"] == "http.response.body":
            raise error

    async def receive() -> dict:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.4"}}
    with pytest.raises(type(error)):
        asyncio.run(PassingFile(folder / "last.keras", filename="x")(scope, receive, send))

    assert not folder.exists()
