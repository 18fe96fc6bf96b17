"""Uploads to a platform whose disk is full: refused in words, and nothing half there is left."""

from __future__ import annotations

from pathlib import Path

from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from tests.rest_client import rest_client
from tests.small_disk import needs_root, small_disk

pytestmark = needs_root
SIZE = 2 * 2**20  # bytes of the small disk
TABLE = b"x,y\n" + b"1.5,2.5\n" * (SIZE // 8)


def test_an_upload_that_finds_no_room_is_told_and_leaves_nothing(tmp_path: Path, database: Database):
    """What was half written would keep the disk full, and the next upload would fail of it too."""
    with small_disk(Home(tmp_path).datasets, SIZE), rest_client(tmp_path, database) as client:
        refused = client.post("/api/datasets", params={"name": "large.csv"}, content=TABLE)
        small = client.post("/api/datasets", params={"name": "small.csv"}, content=TABLE[:800])

    assert refused.status_code == 507
    assert refused.headers["content-type"] == "application/problem+json"
    assert "disk of the platform is full" in refused.json()["detail"]
    assert small.status_code == 201
