"""How people get into a new laboratory: the administrator by the first link, everybody else by invitation."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.stories.laboratory import PASSWORD, Laboratory, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_an_administrator_moves_in_and_invites_grace(laboratory: Laboratory):
    """From the link that `nntracker` prints to two people who sign in with passwords of their own."""
    with laboratory.visit() as root:
        page = root.page
        page.goto(laboratory.link)
        page.wait_for_url(f"{laboratory.address}/")
        page.get_by_role("link", name="local").click()
        expect(page.get_by_text("You sign in by links alone")).to_be_visible()
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The new one again").fill(PASSWORD)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_text("Your password is changed")).to_be_visible()
        page.get_by_role("navigation", name="Main").get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        sign_in(page, laboratory.address, "local")

        page.get_by_role("link", name="People").click()
        page.get_by_role("button", name="Invite").click()
        page.get_by_role("dialog").get_by_label("Role").select_option("user")
        page.get_by_role("button", name="Make the link").click()
        once = page.get_by_role("dialog").get_by_role("textbox")
        expect(once).to_have_value(re.compile("/register#"))

        with laboratory.visit() as grace:
            theirs = grace.page
            theirs.goto(once.input_value())
            expect(theirs.get_by_text("You were invited")).to_be_visible()
            theirs.get_by_label("Name", exact=True).fill("grace")
            theirs.get_by_label("Full name").fill("Grace H.")
            theirs.get_by_label("Password").fill(PASSWORD)
            theirs.get_by_role("button", name="Make the account").click()
            theirs.wait_for_url(f"{laboratory.address}/")
            expect(theirs.get_by_text("No runs yet")).to_be_visible()
            expect(theirs.get_by_role("link", name="People")).to_have_count(0)
            theirs.get_by_role("navigation", name="Main").get_by_role("button", name="Sign out").click()
            expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
            sign_in(theirs, laboratory.address, "grace")
            expect(theirs.get_by_role("link", name="grace")).to_be_visible()

        page.get_by_role("button", name="Done").click()
        page.get_by_role("link", name="Accounts").click()
        expect(page.get_by_role("row").filter(has_text="grace")).to_contain_text("user")
