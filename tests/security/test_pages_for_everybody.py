"""Every page for people who see little or use no mouse: axe-core finds nothing serious, Tab reaches everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from apps.api.sign_in import make_login_link
from nntracker_ray.storage.connection import Database
from tests.security.friendly_stage import set_friendly_stage
from tests.security.pages_of_all import compare_views, people_views, run_views
from tests.security.using_the_keyboard import walk
from tests.security.watching import STILL, Witness, witness

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 800}
NOBODY = UUID(int=0)
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


def pages(experiment_id: UUID, run_id: UUID, person_id: UUID) -> dict[str, str]:
    """Every page, by its name."""
    plain = {
        "runs": "/",
        "no runs": "/?search=nothing+is+called+so",
        "new": "/new",
        "new, from another": f"/new?from={experiment_id}",
        "account": "/account",
        "no such run": f"/run?id={NOBODY}",
        "compare: nothing": "/compare",
    }
    views = (*run_views(run_id), *compare_views(experiment_id), *people_views(person_id))
    return {**plain, **dict(views)}


# Of a dialog; or of the browser itself, between its last field and its first.
IS_INSIDE = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  return node === document.body || node.closest("dialog[open]") !== null || node.shadowRoot !== null;
}"""
PAGES = [*pages(NOBODY, NOBODY, NOBODY)]


@pytest.fixture(scope="module")
def stage(module_database: Database) -> tuple[UUID, UUID, UUID, str]:
    return set_friendly_stage(module_database)


@pytest.fixture(scope="module")
def watched(browser: Browser, address: str, module_database: Database) -> Iterator[Witness]:
    with witness(browser, address) as watched:
        watched.page.goto(make_login_link(module_database, address))
        watched.page.wait_for_url(f"{address}/")
        yield watched


@pytest.fixture(scope="module", params=PAGES)
def opened(request: pytest.FixtureRequest, watched: Witness, stage) -> Witness:
    """A page in daylight, wide: looked at by each of the tests below before the next one is opened."""
    watched.context.add_cookies([{"name": "nntracker_theme", "value": "light", "url": watched.address}])
    watched.page.set_viewport_size(WIDE)
    watched.visit(pages(*stage[:3])[request.param])
    return watched


def serious(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """What axe-core calls serious or critical: the rule, and where."""
    found = Axe().run(page, options=options or {"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.evaluate(STILL)


class TestEachPage:
    def test_has_nothing_serious_for_axe(self, opened: Witness):
        """Names, roles, contrast, order: wide, and on a phone."""
        wide = serious(opened.page)
        on_a_phone(opened.page)

        assert wide == []
        assert serious(opened.page) == []

    def test_is_used_by_the_keyboard_alone(self, opened: Witness):
        """Tab comes to every control, and one sees where one is."""
        opened.page.set_viewport_size(WIDE)
        opened.page.evaluate(STILL)

        count, left, unseen = walk(opened.page)

        assert count > 5
        assert left == []
        assert unseen == []

    def test_can_be_read_at_night(self, opened: Witness):
        """The dark theme has its own colours; what is what is the same."""
        opened.page.set_viewport_size(WIDE)
        opened.page.get_by_role("button", name="Toggle theme").click()
        opened.page.mouse.move(0, 0)  # else its tooltip is half there
        opened.page.evaluate(STILL)

        assert serious(opened.page, CONTRAST) == []

    def test_complains_of_nothing(self, opened: Witness):
        """Nor does it ask another machine for anything."""
        assert opened.take_complaints() == []


@pytest.mark.parametrize("path", ["/welcome", "/register", "/shared"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_so_have_the_pages_before_one_is_signed_in(browser: Browser, address: str, path: str, theme: str):
    """The first thing that anybody meets."""
    with witness(browser, address, color_scheme=theme) as stranger:
        stranger.visit(path)

        assert serious(stranger.page) == []
        on_a_phone(stranger.page)
        assert serious(stranger.page) == []
        assert walk(stranger.page)[1:] == ([], [])
        stranger.complaints[:] = [one for one in stranger.complaints if "401" not in one]
        assert stranger.take_complaints() == []


# Where a dialog is, and what opens it.
DIALOGS = [
    ("runs", "Share"),
    ("run: general, curves", "Fork"),
    ("run: general, curves", "Extend"),
    ("run: general, curves", "Delete"),
    ("account", "New token"),
    ("people: accounts", "Invite"),
    ("people: one", "Change role"),
    ("people: one", "Delete"),
]


@pytest.mark.parametrize(("name", "opener"), DIALOGS)
def test_dialogs_keep_the_keyboard_and_let_it_go(watched: Witness, stage, name: str, opener: str):
    """Tab stays inside while one is asked, Escape leads out, back to where one was; and axe finds nothing serious."""
    page = watched.visit(pages(*stage[:3])[name])
    button = page.get_by_role("button", name=opener).first
    button.focus()
    button.press("Enter")
    page.locator("dialog[open]").wait_for()

    assert serious(page) == []
    for _ in range(15):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_INSIDE)
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    assert button.evaluate("node => node === node.getRootNode().activeElement")
