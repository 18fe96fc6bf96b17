"""The place of the pictures: a database of its own with the story in it, the web app, and a browser."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from apps.api.sign_in import make_login_link
from nntracker_ray.home import Home
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.server import EmbeddedServer
from tests.pictures.camera import Camera
from tests.pictures.story import Story
from tests.web_examples import web_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"


@contextmanager
def laboratory(folder: Path) -> Iterator[tuple[Story, Camera]]:
    """Everything that the pictures need, gone afterwards.

    Args:
        folder: Where the pictures go.
    """
    root = Path(tempfile.mkdtemp(prefix="nntracker-pictures-"))
    root.chmod(0o711)  # the database's account passes through
    home = Home(root / "home")
    home.create()
    server = EmbeddedServer(home)
    try:
        database = Database(server.start(), max_size=8)
        migrate(database)
        story = Story(home, database)
        story.tell()
        with looked_at(story, folder) as camera:
            yield story, camera
        database.close()
    finally:
        server.destroy()
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def looked_at(story: Story, folder: Path) -> Iterator[Camera]:
    """A camera on the web app that shows the story."""
    with (
        web_server(story.home.root, story.database.dsn) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
        )
        yield Camera(
            browser,
            address,
            folder,
            sign_in=lambda: make_login_link(story.database, address),
            before=story.keep_alive,
        )
        browser.close()
