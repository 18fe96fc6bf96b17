"""How somebody leaves: their scripts and their open pages are out at the moment that they are disabled."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.stories.laboratory import PASSWORD, Laboratory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_token_is_used_until_its_owner_is_disabled(laboratory: Laboratory):
    """A token is shown once and serves scripts; then an administrator ends everything of its owner's with one click."""
    laboratory.invite("alan")
    with laboratory.signed_in("alan") as watched, laboratory.visit() as root:
        page = watched.page
        token = new_token(page)
        with laboratory.by_rest(token) as script:
            assert script.get("/api/me").json()["name"] == "alan"
            assert script.get("/api/runs").json()["total"] == 0
            assert script.get("/api/users").status_code == httpx.codes.FORBIDDEN
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click()
        expect(page.get_by_text("No runs yet")).to_be_visible()

        assert not watched.complaints
        disable(laboratory, root.page, "alan")

        page.wait_for_url(re.compile(r"/welcome\?next="))
        with laboratory.by_rest(token) as script:
            assert script.get("/api/me").status_code == httpx.codes.UNAUTHORIZED
        page.get_by_label("Name").fill("alan")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert "/welcome" in page.url
        watched.complaints.clear()  # the browser's own words about a socket that was closed, and about 401


def new_token(page: Page) -> str:
    """By the account page, where it is shown this once."""
    page.get_by_role("link", name="alan").click()
    page.get_by_role("button", name="New token").click()
    page.get_by_label("What is it for?").fill("nightly")
    page.get_by_label("act: submit").check()
    page.get_by_role("button", name="Make the token").click()
    once = page.get_by_role("dialog").get_by_label("Token")
    expect(once).to_have_value(re.compile("^nnt_"))
    token = once.input_value()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text="nightly")).to_contain_text("read, act")
    assert token not in page.content()
    return token


def disable(laboratory: Laboratory, page: Page, name: str) -> None:
    """As the administrator does it."""
    page.goto(laboratory.link)
    page.wait_for_url(f"{laboratory.address}/")
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("button", name="Disable …").click()
    page.get_by_role("button", name=f"Disable {name}").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
