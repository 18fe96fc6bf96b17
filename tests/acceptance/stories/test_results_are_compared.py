"""What Grace does with trained runs: tags, comparisons and an archive, each checked against what REST tells."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from apps.dashboard import words
from tests.acceptance.stories.laboratory import MODEL, Laboratory, answered, clouds

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

EPOCHS = 5
TRAINED_WITHIN_S = 120.0
FILE = f"""
name: Rates
model: {MODEL}
dataset_train: clouds.csv
label_column: kind
total_epochs: {EPOCHS}
loss_functions: [SparseCategoricalCrossentropy]
learning_rates: [0.1, 0.001]
"""


@pytest.fixture(scope="module")
def grace(laboratory: Laboratory) -> str:
    """She has an account."""
    laboratory.invite("dorothy")
    return "dorothy"


@pytest.fixture(scope="module")
def script(laboratory: Laboratory, grace: str) -> Iterator[httpx.Client]:
    """What she asks REST with."""
    with laboratory.by_rest(laboratory.token_of(grace)) as client:
        yield client


@pytest.fixture(scope="module")
def runs(script: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two runs of hers, trained to their end: Rates (LR1) and Rates (LR2)."""
    table = clouds(tmp_path_factory.mktemp("data") / "clouds.csv", 200)
    answered(script.post("/api/datasets", params={"name": table.name}, content=table.read_bytes()))
    made = answered(script.post("/api/experiments", content=FILE))
    deadline = time.monotonic() + TRAINED_WITHIN_S
    while True:
        rows = answered(
            script.get("/api/runs", params={"experiment_id": made["experiment_id"], "sort": "name"})
        )
        if all(row["state"] == "finished" for row in rows["runs"]):
            return rows["runs"]
        assert time.monotonic() < deadline, [row["state"] for row in rows["runs"]]
        time.sleep(0.5)


def with_all_selected(page: Page, runs: list[dict[str, Any]], button: str) -> None:
    """Select these runs in the list, and press what stands below it."""
    for run in runs:
        page.get_by_role("checkbox", name=f"Select {run['name']}").check()
    page.get_by_role("region", name="Selected runs").get_by_role("button", name=button).click()


def test_runs_are_tagged_together_and_compared_by_their_tag(
    laboratory: Laboratory, grace: str, script: httpx.Client, runs: list[dict[str, Any]]
):
    """Select, tag, compare: the table's numbers are NumPy's over the numbers that the runs reported."""
    with laboratory.signed_in(grace) as watched:
        page = watched.page
        with_all_selected(page, runs, "Tag …")
        page.get_by_role("dialog").get_by_label("Add").fill("chosen, by rate")
        page.get_by_role("button", name="Change tags").click()
        expect(page.get_by_text("2 runs of 2 changed")).to_be_visible()
        expect(
            page.get_by_role("table", name="Runs").get_by_role("link", name="chosen").first
        ).to_be_visible()

        page.get_by_role("navigation", name="Main").get_by_role("link", name="Compare").click()
        page.get_by_role("button", name=re.compile("^chosen")).click()
        page.get_by_label("Metric").select_option("val_loss")

        row = page.get_by_role("region", name="Numbers").get_by_role("row").filter(has_text="chosen")
        last = np.array([values(script, run, "val_loss")[-1] for run in runs])
        numbers = (last.mean(), last.std(ddof=1), np.median(last), last.min(), last.max())
        wanted = [str(EPOCHS - 1), "2", *(words.number(float(number)) for number in numbers)]
        expect(row.get_by_role("cell")).to_have_text([*wanted, words.NOTHING])
        assert "tag=chosen" in page.url


def test_a_run_is_subtracted_from_another(
    laboratory: Laboratory, grace: str, script: httpx.Client, runs: list[dict[str, Any]]
):
    """Chosen from the list; last, mean and extremes are those of the difference of what REST tells."""
    with laboratory.signed_in(grace) as watched:
        page = watched.page
        with_all_selected(page, runs, "Compare")
        page.get_by_role("button", name="Difference").click()
        page.get_by_label("What it is subtracted from").select_option(f"run:{runs[0]['run_id']}")
        page.get_by_label("What is subtracted", exact=True).select_option(f"run:{runs[1]['run_id']}")
        page.get_by_label("Metric").select_option("accuracy")
        expect(page.get_by_role("heading", name="Rates (LR1) minus Rates (LR2)")).to_be_visible()

        left, right = (values(script, run, "accuracy") for run in runs)
        gap = left - right
        numbers = (gap[-1], gap.mean(), gap.min(), gap.max())
        wanted = [
            *(words.number(float(number)) for number in numbers),
            f"{EPOCHS} common, 0 only left, 0 only right",
        ]
        expect(page.get_by_role("definition")).to_have_text(wanted)


def test_an_experiment_is_taken_home(
    laboratory: Laboratory, grace: str, script: httpx.Client, runs: list[dict[str, Any]], tmp_path: Path
):
    """One click; the zip is whole, its report opens by itself, and its numbers are those of REST."""
    with laboratory.signed_in(grace) as watched:
        page = watched.page
        group = page.get_by_role("rowgroup").filter(has=page.get_by_role("link", name="Rates", exact=True))
        with page.expect_download() as download:
            group.get_by_role("link", name="Download").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)

    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        report = archive.read("report.html")
        kept = {run["run_id"]: archive.read(f"runs/{run['run_id']}/metrics.parquet") for run in runs}
    for run in runs:
        rows = pq.read_table(io.BytesIO(kept[run["run_id"]])).to_pylist()
        theirs = {(row["metric"], row["epoch"]): row["value"] for row in rows}
        assert theirs == told(script, run)
    shows_without_a_server(laboratory, report, tmp_path / "report.html", runs)


def shows_without_a_server(
    laboratory: Laboratory, report: bytes, file: Path, runs: list[dict[str, Any]]
) -> None:
    """The report opens from the disk."""
    file.write_bytes(report)
    with laboratory.visit() as watched:
        watched.page.goto(file.as_uri())
        for run in runs:
            expect(watched.page.get_by_role("cell", name=run["name"])).to_be_visible()
        assert watched.complaints == [f"left the machine: {file.as_uri()}"]  # for the disk, and nothing else
        watched.complaints.clear()


def told(script: httpx.Client, run: dict[str, Any]) -> dict[tuple[str, int], float]:
    """Every value of a run by metric and epoch, as REST tells it."""
    columns = answered(script.get(f"/api/runs/{run['run_id']}/metrics"))
    named = zip(columns["metric"], columns["epoch"], strict=True)
    return dict(zip(named, map(float, columns["value"]), strict=True))


def values(script: httpx.Client, run: dict[str, Any], metric: str) -> np.ndarray:
    """A metric by epoch."""
    found = told(script, run)
    return np.array([found[metric, epoch] for epoch in range(EPOCHS)])
