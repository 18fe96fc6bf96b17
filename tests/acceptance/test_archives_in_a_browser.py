"""Runs taken out and brought in by hand, in a real browser."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import Watched, browser, watched
from tests.web_examples import finish, run_specs, submit

__all__ = ["browser", "watched"]  # fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_runs_go_out_and_come_in_on_the_list(watched: Watched, database: Database, tmp_path: Path):
    """Select, download, delete, import: nobody needs the command line for that."""
    page = watched.page
    expect(page.get_by_text("Import an archive")).to_be_visible()
    submit(database, "Digits", run_specs("Digits", folds=2, epochs=3))
    finish(database)
    finish(database)
    boxes = page.locator("input[data-act=select]")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        box.check()
    with page.expect_download() as download:
        page.get_by_role("region", name="Selected runs").get_by_role("link", name="Download").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    with zipfile.ZipFile(file) as opened:
        assert opened.testzip() is None
    with database.connection() as conn:
        conn.execute("DELETE FROM experiments")
    page.reload()

    page.locator("input[type=file]").set_input_files(file)

    expect(page.get_by_text("2 runs came in")).to_be_visible()
    expect(page.get_by_role("link", name="Digits (1)", exact=True)).to_be_visible()
