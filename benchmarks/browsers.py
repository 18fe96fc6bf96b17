"""Real browsers for the benchmarks: windows of one signed-in person, none behind another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, ViewportSize

from apps.api.sign_in import make_login_link
from nntracker_ray.storage.connection import Database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_MS = 300_000  # fifty browsers open slowly on two cores


def signed_in_pages(browser: Browser, database: Database, address: str, count: int) -> Iterator[Page]:
    """Empty pages, each in a context of its own: in tabs behind another nothing would be drawn."""
    first = browser.new_context(viewport=VIEWPORT)
    first.new_page().goto(make_login_link(database, address))
    first.pages[0].wait_for_url(f"{address}/")
    signed_in = first.storage_state()
    first.close()
    for _ in range(count):
        page = browser.new_context(viewport=VIEWPORT, storage_state=signed_in).new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page
