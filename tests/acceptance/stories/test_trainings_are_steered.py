"""Grace's first experiments: one by the form, watched and steered while it trains; one as a file."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.stories.laboratory import MODEL, Laboratory, clouds
from tests.acceptance.test_run_pages_in_a_browser import PATIENCE_MS, POINTS, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

EPOCHS = 40
WORKER_COMES_MS = 120_000  # a new worker imports TensorFlow, on a machine that does other things too
FILE = f"""
name: Rates by file
model: {MODEL}
dataset_train: few.csv
label_column: kind
total_epochs: none
optimizers: [adm]
loss_functions: [SparseCategoricalCrossentropy]
learning_rates: [0.1, 0.001]
"""
PAUSED = "checkpoint written, hardware given back"  # what people read when they point at the state


@pytest.fixture(scope="module")
def grace(laboratory: Laboratory) -> str:
    """She has an account and nothing else."""
    laboratory.invite("hedy")
    return "hedy"


def test_a_training_is_submitted_watched_paused_and_resumed(
    laboratory: Laboratory, grace: str, tmp_path: Path
):
    """The form is filled in once; the rest is looking and pressing, and nothing is loaded anew."""
    with laboratory.signed_in(grace) as watched:
        page = watched.page
        page.get_by_role("link", name="Make one here").click()
        fill_in(page, clouds(tmp_path / "clouds.csv", 1600))
        expect(page.get_by_label("Runs that will be made")).to_have_text("Two clouds")
        page.get_by_role("button", name="Submit 1 run").click()
        page.wait_for_url("**/?experiment=*")
        page.get_by_role("table", name="Runs").get_by_role("link", name="Two clouds", exact=True).last.click()
        page.wait_for_url("**/run?id=*")
        page.get_by_role("link", name="Graphs").click()
        until_more_points(watched, 0, timeout=WORKER_COMES_MS)
        loaded_at = page.evaluate("performance.timeOrigin")
        bar = page.get_by_role("progressbar", name="epochs done")
        seen = int(bar.get_attribute("aria-valuenow") or 0)
        until_more_points(watched, watched.points()["train"][0])
        expect(bar).not_to_have_attribute("aria-valuenow", str(seen))

        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_title(PAUSED)).to_be_visible()
        run = run_of(page)
        assert run["state"] == "paused"
        assert 0 < run["epochs_done"] < EPOCHS
        watched.until_points("train", [run["epochs_done"]] * 2)
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_title("made every epoch")).to_be_visible(timeout=WORKER_COMES_MS)

        watched.until_points("train", [EPOCHS, EPOCHS])
        watched.until_points("validation", [EPOCHS, EPOCHS])
        expect(bar).to_have_attribute("aria-valuenow", str(EPOCHS))
        assert page.evaluate("performance.timeOrigin") == loaded_at
        told = Counter(zip(*(metrics_of(page)[column] for column in ("metric", "epoch")), strict=True))
        assert {epoch for metric, epoch in told if metric == "val_loss"} == set(range(EPOCHS))
        assert set(told.values()) == {1}


def test_a_file_with_mistakes_is_mended_and_submitted(laboratory: Laboratory, grace: str, tmp_path: Path):
    """Who has a file pastes it. What is wrong stands beside its field; it is mended there, or in the file."""
    with laboratory.signed_in(grace) as watched:
        page = watched.page
        page.get_by_role("link", name="New experiment").click()
        page.get_by_label("Upload a file").first.set_input_files(clouds(tmp_path / "few.csv", 200))
        expect(page.get_by_label("Training data")).to_have_value("few.csv")
        file = page.get_by_label("The same as a file")
        file.fill(FILE)
        epochs = page.get_by_label("Epochs", exact=True)
        expect(epochs).to_have_accessible_description(re.compile("must be a whole number"))
        expect(page.get_by_role("group", name="Optimizers")).to_contain_text("Did you mean 'adam'?")
        expect(page.get_by_role("button", name="Submit")).to_be_disabled()

        write(page, "Epochs", "4")
        expect(epochs).not_to_have_accessible_description(re.compile("must be"))
        expect(file).to_have_value(re.compile("^total_epochs: 4$", re.MULTILINE))
        file.fill(file.input_value().replace("adm", "adam"))
        expect(page.get_by_role("group", name="Optimizers")).not_to_contain_text("unknown")
        page.get_by_role("button", name="Submit 2 runs").click()
        page.wait_for_url("**/?experiment=*")

        expect(page.get_by_title("made every epoch")).to_have_count(2, timeout=WORKER_COMES_MS)
        for bar in page.get_by_role("progressbar", name="epochs done").all():
            expect(bar).to_have_attribute("aria-valuenow", "4")


def fill_in(page: Page, table: Path) -> None:
    """The form of a new experiment."""
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_visible(timeout=60_000)
    write(page, "Name", "Two clouds")
    write(page, "Tags", "first")
    page.get_by_text("Paste Keras JSON").click()
    page.get_by_label("Keras JSON of a model").fill(MODEL)
    page.get_by_label("Keras JSON of a model").press("Tab")
    expect(page.get_by_label("Model", exact=True)).to_have_value("two_clouds")
    page.get_by_label("Upload a file").first.set_input_files(table)
    expect(page.get_by_label("Training data")).to_have_value(table.name)
    expect(page.get_by_text("3 columns")).to_be_visible()
    page.get_by_label("Label column").select_option("kind")
    page.get_by_label("Choose a loss function …").select_option("SparseCategoricalCrossentropy")
    write(page, "Learning rates", "0.01")
    write(page, "Batch size", "8")
    write(page, "Epochs", str(EPOCHS))


def write(page: Page, label: str, text: str) -> None:
    """Fill in a field and go on to the next."""
    field = page.get_by_label(label, exact=True).first
    field.fill(text)
    field.press("Tab")


def until_more_points(watched: Watched, count: int, *, timeout: int = PATIENCE_MS) -> None:
    """The chart has more points than this."""
    watched.page.wait_for_function(
        f"count => ((({POINTS})()).train ?? [0])[0] > count", arg=count, timeout=timeout
    )


def run_of(page: Page) -> dict[str, Any]:
    """The run that the page shows, as REST tells it."""
    return page.request.get(f"/api/runs/{run_id(page)}").json()


def metrics_of(page: Page) -> dict[str, Any]:
    return page.request.get(f"/api/runs/{run_id(page)}/metrics").json()


def run_id(page: Page) -> str:
    return page.evaluate("new URLSearchParams(location.search).get('id')")
