"""The tab Inside as people see it: every picture, found by its address, growing while the run trains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from apps.api.sign_in import make_login_link
from nntracker_ray.records import Lease
from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import PATIENCE_MS, Watched, browser
from tests.inside_examples import LAYERS, WANTED, everything, facts, numbers, write_inside
from tests.web_examples import claim, run_specs, submit, train, web_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

__all__ = ["browser"]  # a fixture

LOOKED = """(least) => {
  const figures = (window.Bokeh?.documents ?? []).flatMap((one) => [...one.all_models])
    .filter((model) => model.type === "Figure" && Bokeh.index.find_one_by_id(model.id)?.el.isConnected);
  const rows = figures.flatMap(({renderers}) => renderers.map(({data_source}) => data_source.get_length() ?? 0));
  return Math.max(0, ...rows) >= least;
}"""

IN_SIGHT = """(() => {
  const {x_range, y_range} = Bokeh.documents.flatMap((one) => [...one.all_models])
    .find((model) => model.type === "Figure" && Bokeh.index.find_one_by_id(model.id)?.el.isConnected);
  return [x_range.start, x_range.end, y_range.start, y_range.end];
})()"""


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


def run_of(database: Database, *, introspection=WANTED, epochs: range = range(20)) -> Lease:
    submit(database, "Digits", [replace(spec, introspection=introspection) for spec in run_specs("Digits")])
    lease = claim(database)
    train(database, lease, range(2))
    if introspection and len(epochs):
        write_inside(database, lease, everything(epochs))
    return lease


def until_drawn(watched: Watched, least: int) -> None:
    """Until a figure on the page has a part of so many cells, points or shapes."""
    watched.page.wait_for_function(LOOKED, arg=least, timeout=PATIENCE_MS)
    expect(watched.page.locator("canvas").first).to_be_visible()


def point_at(watched: Watched, x: float, y: float) -> None:
    """Move the mouse to a place of the figure, both from 0 to 1."""
    figure = watched.page.locator("canvas").first.bounding_box()
    assert figure is not None
    watched.page.mouse.move(figure["x"] + figure["width"] * x, figure["y"] + figure["height"] * y, steps=5)


def test_each_picture_is_drawn_and_has_an_address(watched: Watched, database: Database):
    """One comes by the tab, goes from picture to picture, and the address follows; loaded again it is the same."""
    lease, page = run_of(database), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}")
    page.get_by_role("link", name="Inside", exact=True).click()
    until_drawn(watched, 20 * len(LAYERS) - 1)

    for name, picture, least in (
        ("Lines", "lines", 20), ("Update ratio", "ratio", 20), ("Histograms", "histogram", 100),
        ("Similarity", "similarity", 20 * 19),
    ):  # fmt: skip
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_url(f"**&picture={picture}*")
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
        until_drawn(watched, least)
    page.reload()

    expect(page.get_by_role("button", name="Similarity", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    until_drawn(watched, 20 * 19)


def test_metric_layers_axis_and_scale_are_chosen(watched: Watched, database: Database):
    """Each control changes the picture and the address, by mouse or keyboard."""
    lease, page = run_of(database), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside")
    until_drawn(watched, 20 * len(LAYERS) - 1)

    page.get_by_label("Metric").select_option("weights/mean")
    expect(page.locator("h2.chart-title").first).to_contain_text("weights/mean")
    expect(page.get_by_text("Mean of the values, of the weights before the step's update.")).to_be_visible()
    page.get_by_text("Layers: all 12").press("Enter")
    page.get_by_role("checkbox", name="hidden", exact=True).press("Space")
    expect(page.get_by_text("Layers: 1 of 12")).to_be_visible()
    page.get_by_role("button", name="Step", exact=True).press("Enter")
    page.get_by_role("button", name="Log", exact=True).press("Enter")

    expect(page).to_have_url(re.compile(r"observed=weights%2Fmean&only=hidden&by=step&values=log$"))
    until_drawn(watched, 60)


def test_new_looks_appear_while_one_looks(watched: Watched, database: Database):
    """Lines get the points that they lack; a heat map is drawn again with one column more."""
    lease, page = run_of(database, epochs=range(3)), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside&picture=lines&observed=weights/mean")
    until_drawn(watched, 3)
    loaded_at = page.evaluate("performance.timeOrigin")

    write_inside(database, lease, list(numbers(range(3, 8))))
    train(database, lease, range(2, 8))
    until_drawn(watched, 8)
    page.get_by_role("button", name="Heat map").click()
    until_drawn(watched, 8 * len(LAYERS))
    write_inside(database, lease, list(numbers(range(8, 11))))
    train(database, lease, range(8, 11))

    until_drawn(watched, 11 * len(LAYERS))
    assert page.evaluate("performance.timeOrigin") == loaded_at


def test_where_one_has_zoomed_stays_in_sight(watched: Watched, database: Database):
    """A look comes every few seconds; it must not take away what somebody is looking at. Reset shows all of it."""
    lease, page = run_of(database, epochs=range(8)), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside&picture=heat&observed=weights/mean")
    until_drawn(watched, 8 * len(LAYERS))
    whole = page.evaluate(IN_SIGHT)
    point_at(watched, 0.4, 0.4)  # then the tools show
    page.get_by_title("Box Zoom").click()
    point_at(watched, 0.4, 0.4)
    page.mouse.down()
    point_at(watched, 0.6, 0.7)
    page.mouse.up()
    page.wait_for_function(f"(whole) => {IN_SIGHT}.every((at, n) => at !== whole[n])", arg=whole)
    zoomed = page.evaluate(IN_SIGHT)

    write_inside(database, lease, list(numbers(range(8, 11))))
    train(database, lease, range(2, 11))
    until_drawn(watched, 11 * len(LAYERS))

    assert page.evaluate(IN_SIGHT) == zoomed
    point_at(watched, 0.5, 0.5)
    page.get_by_title("Reset").click()
    page.wait_for_function(
        f"(whole) => {IN_SIGHT}.every((at, n) => at === whole[n])", arg=[-0.5, 10.5, *whole[2:]]
    )


def test_what_looking_costs_and_what_was_suspended_is_told(watched: Watched, database: Database):
    """And the time of each metric on demand."""
    lease, page = run_of(database), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside")

    cost = page.get_by_text("Looking inside takes 2.3 % of the training time (estimated 3 %).")
    expect(cost).to_be_visible()
    cost.press("Enter")
    expect(page.get_by_role("row", name="svcca 0.91 s")).to_be_visible()
    warning = page.locator(".inside-warnings")
    expect(warning).to_contain_text("hessian_eigenvalues is suspended since step 120")
    expect(warning).to_contain_text("a look took 31.2 s")


def test_a_run_that_waits_for_its_first_look_shows_it(watched: Watched, database: Database):
    """The page says when that will be, and then shows it by itself."""
    lease, page = run_of(database, epochs=range(0)), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside")
    expect(page.get_by_text("The first look comes at the first step")).to_be_visible()

    write_inside(database, lease, [*facts(), *numbers(range(2))])
    train(database, lease, range(2, 3))

    until_drawn(watched, 2 * len(LAYERS))
    expect(page.get_by_text("The first look comes")).to_have_count(0)


def test_a_run_without_introspection_says_how_to_have_it(watched: Watched, database: Database):
    """Three lines to copy, and the way to a run that has them."""
    lease, page = run_of(database, introspection=()), watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside")

    expect(page.get_by_role("heading", name="This run is not looked inside")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("introspection:")
    again = page.get_by_role("link", name="Again with changes")
    expect(again).to_have_attribute("href", f"/new?from={lease.spec.experiment_id}")


@pytest.mark.parametrize("picture", ["heat", "lines", "ratio", "histogram", "similarity"])
def test_a_telephone_shows_it_without_scrolling_sideways(watched: Watched, database: Database, picture: str):
    """At 375 pixels nothing is wider than the screen."""
    lease, page = run_of(database), watched.page
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=inside&picture={picture}")
    until_drawn(watched, 20)

    widths = page.evaluate(
        "[...document.querySelectorAll('html, body, main, .main-content')].map((one) => one.scrollWidth)"
    )
    assert max(widths) <= 375
