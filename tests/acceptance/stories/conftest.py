"""One platform for all stories: started as people start it, ended completely."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import sync_playwright

from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform
from nntracker_ray.storage.server import EmbeddedServer
from tests.acceptance.stories.laboratory import Laboratory, nntracker
from tests.acceptance.test_run_pages_in_a_browser import CHROMIUM, QUIET
from tests.web_examples import free_port


@pytest.fixture(scope="package")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A new data folder, a platform on it, and nobody there yet."""
    home = Home(tmp_path_factory.mktemp("laboratory"))
    try:
        begun = nntracker(home, "start", "--background", "--no-example", "--port", free_port())
        assert begun.returncode == 0, begun.stderr
        platform = running_platform(home)
        assert platform is not None
        assert platform.web is not None
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            yield Laboratory(home, platform.web, chromium)
            chromium.close()
    finally:
        nntracker(home, "down")
        EmbeddedServer(home).destroy()
