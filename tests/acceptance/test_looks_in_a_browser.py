"""What makes pages calm to look at: local times, tags said once, a bar that fits a telephone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import Watched, browser, watched  # noqa: F401
from tests.web_examples import finish, run_specs, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_time_is_said_in_the_clock_of_whoever_looks(watched: Watched, database: Database):  # noqa: F811
    """Nobody should have to add hours to UTC; who needs UTC finds it under the pointer."""
    submit(database, "Timed", run_specs("Timed"))

    said = watched.page.locator("tr.group time")

    expect(said).to_have_text(re.compile(r"^(today|yesterday), \d\d:\d\d$"))
    expect(said).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))


def test_a_tag_of_all_runs_is_said_once(watched: Watched, database: Database):  # noqa: F811
    """A row says what is its own; what all have would be noise in each."""
    submit(database, "Tagged", run_specs("Tagged", folds=2, tags=["nightly"]))

    expect(watched.page.locator("tr.group .tag")).to_have_text("nightly")
    expect(watched.page.locator("tr[data-key] .tag")).to_have_count(0)


def test_the_bar_fits_a_telephone(watched: Watched, database: Database):  # noqa: F811
    """Every place is in sight without scrolling sideways, and one can sign out."""
    submit(database, "Narrow", run_specs("Narrow"))
    finish(database)
    page = watched.page
    page.set_viewport_size({"width": 375, "height": 800})

    bar = page.get_by_role("navigation", name="Main")
    assert bar.evaluate("node => node.scrollWidth <= node.clientWidth")
    bar.get_by_role("link", name="local").click()
    page.get_by_role("button", name="Sign out").first.click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    watched.complaints.clear()  # the socket that signing out closed
