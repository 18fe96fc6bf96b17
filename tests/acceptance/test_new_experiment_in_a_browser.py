"""A person makes an experiment in a real browser: by form, by file, with an upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from apps.api.sign_in import make_login_link
from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import CHROMIUM, PATIENCE_MS, QUIET, Watched
from tests.web_examples import web_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IRIS = Path(__file__).parents[2] / "examples" / "iris"
A_PRESS_MS = 400


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser, tmp_path, database: Database, database_url: str) -> Iterator[Watched]:
    """The page of a new experiment, open; fails the test when it complained, or asked another machine."""
    with web_server(tmp_path / "home", database_url) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        watched = Watched(context.new_page(), address)
        watched.page.set_default_timeout(PATIENCE_MS)
        watched.page.goto(make_login_link(database, address))
        watched.page.wait_for_url(f"{address}/")
        watched.page.goto(f"{address}/new")
        expect(watched.page.get_by_label("Name", exact=True)).to_be_visible(timeout=60_000)
        yield watched
        context.close()
    assert watched.complaints == []


def fill(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True).first
    field.fill(text)
    field.press("Tab")


def test_the_page_comes_back_after_an_outage(watched: Watched, database: Database):
    """Whoever opened it meanwhile must not sit before an empty page for ever."""
    with database.connection() as conn:
        conn.execute("ALTER TABLE datasets RENAME TO away")
    watched.page.reload()
    expect(watched.page.get_by_text("This page comes back by itself")).to_be_visible()

    with database.connection() as conn:
        conn.execute("ALTER TABLE away RENAME TO datasets")

    expect(watched.page.get_by_label("Name", exact=True)).to_be_visible()


def test_a_form_is_filled_in_and_submitted(watched: Watched):
    """Nobody needs a manual: upload, choose, see what it makes, submit, watch the list."""
    page = watched.page
    fill(page, "Name", "Flowers")
    page.get_by_label("Upload Keras JSON").set_input_files(IRIS / "model.json")
    expect(page.get_by_label("Model", exact=True)).to_have_value("model.json")
    page.get_by_label("Training data").focus()  # one stands in the field that the upload fills in
    page.get_by_label("Upload a file").first.set_input_files(IRIS / "iris.arff")
    expect(page.get_by_label("Training data")).to_have_value("iris.arff")
    expect(page.get_by_text("150 rows, 5 columns")).to_be_visible()
    page.get_by_label("Label column").select_option("kind")
    page.get_by_label("Choose a loss function …").select_option("SparseCategoricalCrossentropy")
    fill(page, "Learning rates", "0.1, 0.01")
    fill(page, "Epochs", "3")

    submit = page.get_by_role("button", name="Submit 2 runs")
    expect(submit).to_be_enabled()
    expect(page.get_by_label("Runs that will be made")).to_contain_text("Flowers (LR2)")
    submit.click()

    page.wait_for_url("**/?experiment=*")
    expect(page.get_by_role("link", name="Flowers (LR1)")).to_be_visible()
    page.get_by_role("link", name="Again with changes").click()
    expect(page.get_by_label("Learning rates")).to_have_value("0.1, 0.01", timeout=60_000)


@pytest.mark.parametrize("last", ["The same as a file", "Epochs"])
def test_one_press_submits_what_was_written_last(watched: Watched, database: Database, last: str):
    """Pressing a button leaves the field that one wrote in, and the server looks at it anew."""
    page = watched.page
    page.get_by_label("Upload Keras JSON").set_input_files(IRIS / "model.json")
    expect(page.get_by_label("Model", exact=True)).to_have_value("model.json")
    page.get_by_label("Upload a file").first.set_input_files(IRIS / "iris.arff")
    expect(page.get_by_label("Training data")).to_have_value("iris.arff")
    page.get_by_label("The same as a file").fill((IRIS / "experiment.json").read_text())
    submit = page.get_by_role("button", name="Submit 3 runs")
    expect(submit).to_be_enabled()
    if last == "Epochs":
        page.get_by_label("Epochs", exact=True).fill("70")

    with database.connection() as conn:
        conn.execute("LOCK TABLE datasets")  # so that the look at it is not over when the button is let go
        submit.click(delay=A_PRESS_MS)

    page.wait_for_url("**/?experiment=*")
    with database.connection() as conn:
        found = conn.execute("SELECT config->>'total_epochs' FROM experiments").fetchall()
    assert found == [("70" if last == "Epochs" else "60",)]


def test_form_and_file_follow_each_other_and_survive_a_reload(watched: Watched):
    """They are two views of one thing, and nobody loses what was written."""
    page = watched.page
    file = page.get_by_label("The same as a file")
    file.fill("name: Typed\ntotal_epochs: none\n")

    expect(page.get_by_label("Name", exact=True)).to_have_value("Typed")
    wrong = page.locator("#wrong-total_epochs")
    expect(wrong).to_contain_text("must be a whole number")
    fill(page, "Epochs", "7")
    expect(wrong).to_have_count(0)
    expect(file).to_have_value("name: Typed\ntotal_epochs: 7\n")

    page.reload()
    expect(page.get_by_label("The same as a file")).to_have_value("name: Typed\ntotal_epochs: 7\n")
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("7")


def test_an_upload_that_cannot_be_used_says_why_beside_its_button(watched: Watched, tmp_path):
    """The reason stands where one looks."""
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 no archive")
    page = watched.page

    page.get_by_label("Upload a file").first.set_input_files(broken)

    expect(page.get_by_role("alert").filter(has_text="broken.npz")).to_be_visible()
    watched.complaints[:] = [one for one in watched.complaints if "400" not in one]  # the browser's own words


def test_what_is_looked_at_inside_is_chosen_in_the_form(watched: Watched):
    """A preset and a metric of one's own cadence, without reading a manual; the file says the same."""
    page = watched.page
    file = page.get_by_label("The same as a file")
    page.get_by_role("checkbox", name="basic").check()
    expect(file).to_have_value("introspection: [basic]\n")

    page.get_by_label("Add a metric of the inside …").select_option("norm")
    page.get_by_role("group", name="Topics of norm").get_by_role("checkbox", name="layer gradients").check()
    fill(page, "Every … steps", "none")
    wrong = page.locator("[id='wrong-introspection.1.every']")
    expect(wrong).to_contain_text("must be a whole number")
    fill(page, "Every … steps", "10")

    expect(wrong).to_have_count(0)
    entry = "- metric: norm\n  topics: [layer_gradients]\n  every: 10\n"
    expect(file).to_have_value(f"introspection:\n- basic\n{entry}")
    page.get_by_role("button", name="Remove norm").click()
    expect(file).to_have_value("introspection: [basic]\n")
