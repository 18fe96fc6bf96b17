"""Accounts, people and sharing as they are used in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocket, expect

from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage import account_writes
from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import PATIENCE_MS, Watched, browser, watched  # noqa: F401
from tests.web_examples import run_specs, submit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "violet tractor under seven clouds"
OTHER = "eleven quiet kettles on a roof"
COMMON = "passwordpassword"  # long enough, and guessed at once


@contextmanager
def another(browser: Browser, watched: Watched) -> Iterator[Page]:  # noqa: F811
    """Somebody else's browser."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


def sign_in(page: Page, address: str, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{address}/welcome")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


def add(database: Database, name: str, role: Role = Role.USER) -> None:
    with database.connection() as conn:
        account_writes.add_account(conn, name=name, role=role, password_hash=hash_password(PASSWORD))


def shown_once(page: Page) -> str:
    """The secret in the dialog."""
    field = page.locator("dialog[open] #once")
    expect(field).to_have_value(re.compile("."))
    return field.input_value()


class TestPeople:
    def test_an_invitation_makes_an_account(self, watched: Watched, browser: Browser):  # noqa: F811
        """The way of everybody but the first: a link, a name, a password, in."""
        watched.page.goto(f"{watched.address}/people")
        watched.page.get_by_role("button", name="Invite").click()
        watched.page.locator("dialog[open]").get_by_label("Role").select_option("user")
        watched.page.get_by_role("button", name="Make the link").click()
        link = shown_once(watched.page)
        assert link.startswith(f"{watched.address}/register#")

        with another(browser, watched) as page:
            page.goto(link)
            page.get_by_label("Name", exact=True).fill("root user!")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Make the account").click()
            expect(page.locator("#wrong-name")).to_contain_text("cannot be used")
            expect(page.get_by_label("Name", exact=True)).to_be_focused()
            page.get_by_label("Name", exact=True).fill("ada")
            page.get_by_role("button", name="Make the account").click()
            page.wait_for_url(f"{watched.address}/")
            expect(page.get_by_role("link", name="ada")).to_be_visible()

        watched.page.get_by_role("button", name="Done").click()
        watched.page.get_by_role("link", name="Invitations").click()
        expect(watched.page.get_by_text("None is open")).to_be_visible()
        watched.page.get_by_role("link", name="Accounts").click()
        expect(watched.page.get_by_role("link", name="ada")).to_be_visible()

    def test_who_is_disabled_is_out_where_they_stand(
        self,
        watched: Watched,  # noqa: F811
        browser: Browser,  # noqa: F811
        database: Database,
    ):
        """Somebody leaves on a Friday with a page open."""
        add(database, "ada")
        with another(browser, watched) as page:
            sign_in(page, watched.address, "ada")
            expect(page.get_by_text("No runs yet")).to_be_visible()
            watched.page.goto(f"{watched.address}/people")
            watched.page.get_by_role("link", name="ada", exact=True).click()
            watched.page.get_by_role("button", name="Disable …").click()
            watched.page.get_by_role("button", name="Disable ada").click()

            page.wait_for_url(re.compile("/welcome"))
            expect(watched.page.get_by_role("button", name="Enable")).to_be_visible()

    def test_deleting_somebody_gives_their_experiments_to_an_heir(
        self,
        watched: Watched,  # noqa: F811
        database: Database,
    ):
        """Nothing is lost by a click; an heir who is not there is told beside the question."""
        add(database, "bob")
        with database.connection() as conn:
            ada = account_writes.add_account(conn, name="ada", role=Role.USER, password_hash=None)
        submit(database, "Hers", run_specs("Hers"), owner_id=ada)
        watched.page.goto(f"{watched.address}/people?id={ada}")
        watched.page.get_by_role("button", name="Delete …").click()
        watched.page.get_by_label("somebody else:").check()
        watched.page.get_by_label("Their name").fill("nobody")
        watched.page.get_by_role("button", name="Delete ada").click()
        expect(watched.page.locator("dialog[open] p.wrong")).to_contain_text("nobody here is called")

        watched.page.get_by_label("Their name").fill("bob")
        watched.page.get_by_role("button", name="Delete ada").click()

        expect(watched.page.get_by_role("table", name="Accounts")).to_be_visible()
        expect(watched.page.locator("tr", has_text="bob").locator("td.num").first).to_have_text("1")
        expect(watched.page.get_by_role("link", name="ada", exact=True)).to_have_count(0)

    def test_an_old_session_gives_the_password_before_it_changes_anything(
        self,
        watched: Watched,  # noqa: F811
        browser: Browser,  # noqa: F811
        database: Database,
    ):
        """A screen that was left open must not be enough to make an administrator."""
        add(database, "root", Role.ADMINISTRATOR)
        add(database, "ada")
        with another(browser, watched) as page:
            sign_in(page, watched.address, "root")
            with database.connection() as conn:
                conn.execute("UPDATE sessions SET confirmed_at = now() - interval '1 hour'")
            page.goto(f"{watched.address}/people?q=ada")
            page.get_by_role("link", name="ada", exact=True).click()
            page.get_by_role("button", name="Change role …").click()
            page.get_by_label("Role", exact=True).select_option("administrator")
            page.get_by_role("button", name="Change the role").click()
            page.get_by_label("Your password").fill(OTHER)
            page.get_by_role("button", name="Go on").click()
            expect(page.get_by_text("this is not your password")).to_be_visible()
            page.get_by_label("Your password").fill(PASSWORD)
            page.get_by_role("button", name="Go on").click()

            expect(page.get_by_text("ada is administrator now")).to_be_visible()

    def test_settings_and_the_audit_log(self, watched: Watched):  # noqa: F811
        """What is set is in force, and who set it stays known."""
        watched.page.goto(f"{watched.address}/people?view=settings")
        watched.page.get_by_label("open").check()
        watched.page.get_by_role("button", name="Save").click()
        expect(watched.page.get_by_text("Saved")).to_be_visible()

        watched.page.get_by_role("link", name="Audit log").click()
        watched.page.get_by_role("searchbox").fill("setting")

        expect(watched.page.locator("tbody tr")).to_have_count(1)
        expect(watched.page.locator("tbody tr")).to_contain_text("changed a setting")
        assert watched.page.url.endswith("/people?view=audit&q=setting")


class TestOnesAccount:
    def test_a_new_password_ends_what_is_open_elsewhere(
        self,
        watched: Watched,  # noqa: F811
        browser: Browser,  # noqa: F811
        database: Database,
    ):
        """Whoever had the old one is out, and one goes on with a new session."""
        add(database, "ada")
        with another(browser, watched) as here, another(browser, watched) as there:
            sign_in(here, watched.address, "ada")
            sign_in(there, watched.address, "ada")
            before = here.context.cookies()
            here.goto(f"{watched.address}/account")
            here.get_by_label("Password until now").fill(PASSWORD)
            here.get_by_label("New password").press_sequentially(COMMON)
            expect(here.locator(".strength")).to_contain_text("easily guessed")
            here.get_by_label("New password").fill(OTHER)
            here.get_by_label("New password").blur()
            expect(here.locator(".strength.good")).to_be_visible()
            here.get_by_label("The new one again").fill(OTHER)
            here.get_by_role("button", name="Change password").click()

            expect(here.get_by_text("Your password is changed")).to_be_visible()
            assert here.context.cookies() != before
            there.wait_for_url(re.compile("/welcome"))
            sign_in(there, watched.address, "ada", OTHER)

    def test_a_token_is_shown_once(self, watched: Watched):  # noqa: F811
        """Copied by a button; afterwards only its beginning is left."""
        watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        watched.page.goto(f"{watched.address}/account")
        watched.page.get_by_role("button", name="New token").click()
        watched.page.get_by_label("What is it for?").fill("nightly")
        watched.page.get_by_label("act: submit").check()
        watched.page.get_by_role("button", name="Make the token").click()
        token = shown_once(watched.page)
        watched.page.get_by_role("button", name="Copy").click()
        expect(watched.page.get_by_role("button", name="Copied")).to_be_visible()
        assert watched.page.evaluate("navigator.clipboard.readText()") == token

        watched.page.keyboard.press("Escape")

        row = watched.page.locator("tr", has_text="nightly")
        expect(row).to_contain_text("read, act")
        assert token not in watched.page.content()
        row.get_by_role("button", name="Revoke").click()
        watched.page.get_by_role("button", name="Revoke the token").click()
        expect(watched.page.get_by_text("You have none.")).to_be_visible()

    def test_the_keyboard_is_enough(self, watched: Watched):  # noqa: F811
        """Tab reaches what there is, Escape and Cancel lead out of a question, back to where one was."""
        watched.page.goto(f"{watched.address}/account")
        new = watched.page.get_by_role("button", name="New token")
        expect(new).to_be_visible()
        for _ in range(40):
            watched.page.keyboard.press("Tab")
            if new.evaluate("node => node === node.getRootNode().activeElement"):
                break
        for leave in ("Escape", "Cancel"):
            watched.page.keyboard.press("Enter")
            expect(watched.page.get_by_label("What is it for?")).to_be_focused()
            if leave == "Escape":
                watched.page.keyboard.press("Escape")
            else:
                watched.page.get_by_role("button", name="Cancel").press("Enter")
            expect(watched.page.locator("dialog")).to_have_count(0)

            expect(new).to_be_focused()

    def test_a_session_elsewhere_is_ended(
        self,
        watched: Watched,  # noqa: F811
        browser: Browser,  # noqa: F811
        database: Database,
    ):
        """A laptop was lost."""
        add(database, "ada")
        with another(browser, watched) as here, another(browser, watched) as there:
            sign_in(there, watched.address, "ada")
            sign_in(here, watched.address, "ada")
            here.goto(f"{watched.address}/account")
            expect(here.get_by_text("this one")).to_have_count(1)
            here.get_by_role("button", name=re.compile("End the session")).click()

            there.wait_for_url(re.compile("/welcome"))
            expect(here.get_by_role("table", name="Sessions").locator("tbody tr")).to_have_count(1)


def link_to_shown(watched: Watched, database: Database) -> str:  # noqa: F811
    """A new experiment "Shown", and a link that shares it."""
    submit(database, "Shown", run_specs("Shown"))
    watched.page.locator("tbody", has_text="Shown").get_by_role("button", name="Share").click()
    watched.page.get_by_role("button", name="Make a link").click()
    return shown_once(watched.page)


class TestSharing:
    def test_a_link_shows_one_experiment_until_it_is_taken_back(
        self,
        watched: Watched,  # noqa: F811
        browser: Browser,  # noqa: F811
        database: Database,
    ):
        """For a reviewer without an account."""
        submit(database, "Hidden", run_specs("Hidden"))
        link = link_to_shown(watched, database)

        with another(browser, watched) as page:
            page.goto(link)
            expect(page.get_by_role("link", name="Shown", exact=True).first).to_be_visible()
            page.goto(f"{watched.address}/")
            expect(page.get_by_role("link", name="Shown", exact=True).first).to_be_visible()
            expect(page.get_by_text("Hidden")).to_have_count(0)
            watched.page.get_by_role("button", name="Take back").click()

            page.wait_for_url(re.compile("/welcome"))

    def test_who_is_put_out_goes_once_however_slow_the_way(
        self,
        watched: Watched,  # noqa: F811
        browser: Browser,  # noqa: F811
        database: Database,
    ):
        """The page tries to connect again meanwhile and is refused each time: no reason to begin anew."""
        link = link_to_shown(watched, database)
        refused: list[WebSocket] = []
        held: list[Route] = []

        with another(browser, watched) as page:
            page.goto(link)
            expect(page.get_by_role("link", name="Shown", exact=True).first).to_be_visible()
            # Playwright writes on the functions that it is given; a list's own take no writing.
            page.route("**/welcome?*", lambda route: held.append(route))  # noqa: PLW0108
            page.on("websocket", lambda socket: refused.append(socket))  # noqa: PLW0108
            watched.page.get_by_role("button", name="Take back").click()
            while len(refused) < 2:  # the first at once, the second two seconds later
                page.wait_for_event("websocket")

            assert len(held) == 1
            held[0].continue_()
            page.wait_for_url(re.compile("/welcome"))

    def test_a_colleague_is_let_in_and_out(self, watched: Watched, database: Database):  # noqa: F811
        """See first, act later, and no more when it is over."""
        add(database, "ada")
        submit(database, "Shown", run_specs("Shown"))
        watched.page.get_by_role("button", name="Share").click()
        watched.page.get_by_label("Name of an account").fill("adda")
        watched.page.get_by_role("button", name="Share", exact=True).click()
        expect(watched.page.get_by_text("nobody here is called 'adda'")).to_be_visible()
        watched.page.get_by_label("Name of an account").fill("ada")
        watched.page.get_by_role("button", name="Share", exact=True).click()

        may = watched.page.get_by_label("What ada may do")
        expect(may).to_have_value("see ada")
        may.select_option("act ada")
        expect(may).to_have_value("act ada")
        watched.page.get_by_role("button", name="Remove ada").click()
        expect(watched.page.get_by_text("Nobody yet")).to_be_visible()


@pytest.mark.parametrize("path", ["/account", "/people", "/people?view=audit", "/people?view=settings"])
def test_the_pages_fit_a_telephone(watched: Watched, path: str):  # noqa: F811
    """375 px wide, no sideways scrolling."""
    watched.page.set_viewport_size({"width": 375, "height": 800})
    watched.page.goto(watched.address + path)
    watched.page.wait_for_selector("h1")
    main = watched.page.locator(".main-content")

    assert main.evaluate("node => node.scrollWidth <= node.clientWidth")
