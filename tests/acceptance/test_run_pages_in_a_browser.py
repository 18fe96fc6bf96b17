"""What a person sees in a real browser, from the one-time link to a curve that grows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from apps.api.sign_in import make_login_link
from nntracker_ray.records import NamedConf, RunState
from nntracker_ray.storage.connection import Database
from tests.web_examples import claim, end, finish, run_specs, submit, train, web_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
POINTS = """() => {
  const points = {};
  for (const figure of window.Bokeh?.documents?.[0]?.all_models ?? []) {
    if (figure.type !== "Figure" || !Bokeh.index.find_one_by_id(figure.id)?.el.isConnected) continue;
    for (const {name, data_source} of figure.renderers) {
      if (!name.endsWith("dots")) (points[name] ??= []).push(Array.from(data_source.data.epoch).length);
    }
  }
  return points;
}"""


@dataclass
class Watched:
    """A page, and everything about it that should not have happened."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = (self.address, self.address.replace("http", "ws"), "data:", "blob:")
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on(
            "request",
            lambda asked: (
                asked.url.startswith(own) or self.complaints.append(f"left the machine: {asked.url}")
            ),
        )

    def _said(self, message) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def points(self) -> dict[str, list[int]]:
        """How many points each line of each chart has in the browser."""
        return self.page.evaluate(POINTS)

    def until_points(self, name: str, counts: list[int]) -> None:
        self.page.wait_for_function(
            f"([name, counts]) => JSON.stringify(({POINTS})()[name]) === JSON.stringify(counts)",
            arg=[name, counts],
            timeout=PATIENCE_MS,
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser, tmp_path, database: Database, database_url: str) -> Iterator[Watched]:
    """A signed-in page; fails the test when it complained, or asked another machine."""
    with web_server(tmp_path / "home", database_url) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        watched = Watched(context.new_page(), address)
        watched.page.set_default_timeout(PATIENCE_MS)
        watched.page.goto(make_login_link(database, address))
        watched.page.wait_for_url(f"{address}/")
        yield watched
        context.close()
    assert not watched.complaints


def test_a_curve_grows_while_one_looks(watched: Watched, database: Database):
    """The promise of the product: link, list, run, and epochs that arrive by themselves."""
    submit(database, "Digits", run_specs("Digits", rates=[0.001, 0.0001], folds=2, tags=["demo"]))
    finish(database)
    lease = claim(database)
    train(database, lease, range(3))

    watched.page.get_by_role("link", name=lease.spec.name, exact=True).click()
    watched.page.wait_for_url(f"**/run?id={lease.run_id}")
    watched.until_points("train", [3, 3])
    loaded_at = watched.page.evaluate("performance.timeOrigin")

    train(database, lease, range(3, 6))
    watched.until_points("train", [6, 6])
    train(database, lease, range(6, 20))
    end(database, lease, RunState.FINISHED)

    watched.until_points("train", [20, 20])
    watched.until_points("validation", [20, 20])
    watched.until_points("test", [1, 1])
    expect(watched.page.locator(".headline .chip")).to_have_text("finished")
    expect(watched.page.locator(".headline .count")).to_have_text("20/20")
    expect(watched.page.locator(".epochs-card tbody tr")).to_have_count(20)
    expect(watched.page.locator(".epochs-card td.strange")).to_have_count(0)  # no value is not NaN
    assert watched.page.evaluate("performance.timeOrigin") == loaded_at


PAINTED = """() => {
  const painted = [];
  const look = (view) => {
    if (view.repainted) painted.push(view._render_count);
    for (const child of view.children_views?.() ?? []) look(child);
  };
  for (const view of Bokeh.index) look(view);
  return painted;
}"""


def test_an_epoch_is_not_painted_twice_and_its_ranges_not_told(watched: Watched, database: Database):
    """Twenty people who look at one run share a machine: Bokeh alone paints twice, and tells its ranges each time."""
    submit(database, "Digits", run_specs("Digits"))
    lease = claim(database)
    train(database, lease, range(3))
    told: list[str] = []

    def note(frame: str) -> None:
        told.extend(event["attr"] for event in json.loads(frame).get("events", ()) if "attr" in event)

    watched.page.on("websocket", lambda socket: socket.on("framesent", note))
    watched.page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs")
    watched.until_points("train", [3, 3])
    watched.page.wait_for_timeout(1000)
    before = watched.page.evaluate(PAINTED)
    told.clear()

    for epoch in range(3, 6):
        train(database, lease, range(epoch, epoch + 1))
        watched.until_points("train", [epoch + 1] * 2)
        watched.page.wait_for_timeout(500)

    painted = [now - then for now, then in zip(watched.page.evaluate(PAINTED), before, strict=True)]
    assert len(painted) == 2
    # Once more where an axis has got wider words. Left to itself Bokeh paints each of them six times.
    assert all(3 <= times <= 4 for times in painted)
    assert set(told) <= {"inner_width"}  # beside those words; not the ranges that follow the lines


def test_the_list_follows_without_reloading(watched: Watched, database: Database):
    """One watches a grid by its list: new experiments, states and numbers come by themselves."""
    expect(watched.page.get_by_text("No runs yet")).to_be_visible()

    submit(database, "First", run_specs("First", optimizers=[NamedConf("Adam"), NamedConf("SGD")]))
    rows = watched.page.locator("tr[data-key]")
    expect(rows).to_have_count(2)
    lease = claim(database)
    train(database, lease, range(5))

    expect(rows.first.locator(".chip")).to_have_text("running")
    expect(rows.first.locator(".count")).to_have_text("5/20")
    submit(database, "Second", run_specs("Second"))
    expect(watched.page.locator("tr.group .experiment")).to_have_text(["Second", "First"])


def test_words_of_users_stay_words(watched: Watched, database: Database):
    """A run may be called anything; nothing of it may become a script (XSS)."""
    evil = """<img src=x onerror=alert(1)><script>alert(2)</script>"'&{{7*7}}"""
    submit(database, evil, run_specs(evil[:90], tags=[evil], extra=[NamedConf("AUC", {"name": evil})]))
    lease = claim(database)
    train(database, lease, range(2))
    end(database, lease, RunState.FAILED, error=f"Traceback\n{evil}")

    expect(watched.page.locator("tr.group .experiment")).to_have_text(evil)
    watched.page.goto(f"{watched.address}/run?id={lease.run_id}")
    expect(watched.page.locator("h1")).to_have_text(evil[:90])
    expect(watched.page.locator(".failure summary")).to_have_text(evil)
    watched.page.locator(".failure summary").press("Enter")
    expect(watched.page.locator(".failure pre")).to_contain_text("Traceback")
    watched.until_points("train", [2, 2])
    assert watched.page.locator("img[src=x]").count() == 0


def test_a_value_that_is_not_a_number_is_marked_while_the_run_goes_on(watched: Watched, database: Database):
    """A loss that blows up is seen at once, and where."""
    submit(database, "Diverges", run_specs("Diverges"))
    lease = claim(database)
    train(database, lease, range(3))
    watched.page.goto(f"{watched.address}/run?id={lease.run_id}")
    watched.until_points("train", [3, 3])

    train(database, lease, range(3, 4), lost=True)

    watched.until_points("train", [4, 4])
    assert watched.points()["not finite"] == [0, 1]
    expect(watched.page.locator(".epochs-card td.strange")).to_have_text("NaN")


def test_further_metrics_are_drawn_when_asked_for(watched: Watched, database: Database):
    """Extra metrics are a click away and do not crowd the page before; the address says which."""
    submit(database, "Extra", run_specs("Extra", extra=[NamedConf("AUC")]))
    lease = claim(database)
    train(database, lease, range(4))
    watched.page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs")
    watched.until_points("train", [4, 4])

    watched.page.get_by_text("More metrics").click()
    watched.page.get_by_label("AUC").check()

    watched.until_points("train", [4, 4, 4])
    train(database, lease, range(4, 6))
    watched.until_points("train", [6, 6, 6])
    watched.page.wait_for_url("**metric=AUC**")
    watched.page.reload()
    watched.until_points("train", [6, 6, 6])


def test_an_unknown_run_is_a_friendly_page(watched: Watched):
    """An old link must lead somewhere."""
    for address in ("/run?id=00000000-0000-0000-0000-000000000000", "/run?id=nonsense", "/run"):
        watched.page.goto(watched.address + address)
        expect(watched.page.get_by_text("There is no such run here")).to_be_visible()
        expect(watched.page.get_by_role("link", name="Go to the list of runs")).to_be_visible()


def test_the_list_and_a_run_fit_a_telephone_and_the_keyboard(watched: Watched, database: Database):
    """375 px wide, no sideways scrolling, and a run can be opened without a mouse."""
    submit(database, "Narrow", run_specs("Narrow", folds=2))
    lease = finish(database)
    watched.page.set_viewport_size({"width": 375, "height": 800})
    link = watched.page.get_by_role("link", name=lease.spec.name, exact=True)

    for _ in range(40):
        watched.page.keyboard.press("Tab")
        if link.evaluate("node => node === node.getRootNode().activeElement"):
            break
    watched.page.keyboard.press("Enter")

    watched.page.wait_for_url(f"**/run?id={lease.run_id}")
    watched.until_points("train", [20, 20])
    for path in ("/", f"/run?id={lease.run_id}"):
        watched.page.goto(watched.address + path)
        watched.page.wait_for_selector("h1")
        main = watched.page.locator(".main-content")
        assert main.evaluate("node => node.scrollWidth <= node.clientWidth"), path


def test_the_choice_of_theme_is_kept(watched: Watched):
    """Who works at night is not dazzled by every next page."""
    watched.page.get_by_label("Toggle theme").click()
    expect(watched.page.locator(".mui-dark").first).to_be_attached()
    watched.page.wait_for_function("document.cookie.includes('nntracker_theme=dark')")

    watched.page.reload()

    expect(watched.page.locator(".mui-dark").first).to_be_attached()


def test_who_signs_out_is_out(watched: Watched, database: Database):
    """On a shared machine the next person must not see a thing."""
    watched.page.get_by_role("button", name="Sign out").click()

    expect(watched.page.get_by_role("heading", name="Sign in")).to_be_visible()
    watched.page.goto(watched.address + "/run?id=00000000-0000-0000-0000-000000000000")
    expect(watched.page.get_by_role("heading", name="Sign in")).to_be_visible()
    watched.complaints.clear()  # the socket that signing out closed


def test_a_used_link_says_so(watched: Watched, database: Database, browser: Browser):
    """A link that is opened twice must explain itself."""
    link = make_login_link(database, watched.address)
    first, second = browser.new_context(), browser.new_context()

    first.new_page().goto(link)
    first.pages[0].wait_for_url(f"{watched.address}/")
    page = second.new_page()
    page.goto(link)

    expect(page.get_by_text("This link has been used, or has expired")).to_be_visible()
    assert link.partition("#")[2] not in page.url
    first.close()
    second.close()
