"""Comparing as people do it, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import PATIENCE_MS, Watched, browser, watched  # noqa: F401
from tests.web_examples import claim, finish, run_specs, submit, train

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LENGTHS = """() => {
  const lengths = {};
  for (const figure of window.Bokeh?.documents?.[0]?.all_models ?? []) {
    if (figure.type !== "Figure" || !Bokeh.index.find_one_by_id(figure.id)?.el.isConnected) continue;
    for (const {name, data_source} of figure.renderers) {
      const {x} = data_source.data;
      if (x && !/dots$|crosses$/.test(name)) lengths[name] = Array.from(x).length;
    }
  }
  return lengths;
}"""


def until_lines(watched: Watched, lengths: dict[str, int]) -> None:  # noqa: F811
    """The chart has these lines, each with so many points, and no others."""
    watched.page.wait_for_function(
        f"""wanted => {{
          const found = ({LENGTHS})();
          return Object.keys(found).length === Object.keys(wanted).length
            && Object.entries(wanted).every(([name, length]) => found[name] === length);
        }}""",
        arg=lengths,
        timeout=PATIENCE_MS,
    )


def test_runs_of_a_tag_are_compared_while_they_train(watched: Watched, database: Database):  # noqa: F811
    """From the list to the comparison; it grows by itself, and what is hidden is not in the browser."""
    specs = run_specs("Digits", folds=2, tags=["nightly"])
    submit(database, "Digits", specs)
    finish(database)
    lease = claim(database)
    train(database, lease, range(3))
    page = watched.page

    page.goto(f"{watched.address}/compare?tag=nightly")
    until_lines(watched, {"nightly": 20, "nightly, left out": 0})
    expect(page.locator(".legend")).to_contain_text("1 to 2 runs")
    page.get_by_role("button", name="Lines").click()
    until_lines(watched, {"Digits (1)": 20, "Digits (2)": 3})
    train(database, lease, range(3, 6))
    until_lines(watched, {"Digits (1)": 20, "Digits (2)": 6})

    page.get_by_role("button", name="Digits (1)", exact=False).first.click()
    until_lines(watched, {"Digits (2)": 6})
    page.reload()
    until_lines(watched, {"Digits (2)": 6})


def test_one_run_is_subtracted_from_another(watched: Watched, database: Database):  # noqa: F811
    """Chosen from lists, told in the address."""
    specs = run_specs("Digits", folds=2)
    submit(database, "Digits", specs)
    leases = [finish(database, seed=seed) for seed in range(2)]
    page = watched.page

    page.goto(f"{watched.address}/compare?experiment={specs[0].experiment_id}")
    page.get_by_role("button", name="Difference").click()
    page.get_by_label("What is subtracted", exact=True).select_option(f"run:{leases[1].run_id}")
    until_lines(watched, {"difference": 20, "no difference": 2})
    page.wait_for_url("**minus=run*")
    expect(page.locator(".below h2")).to_contain_text("Digits minus Digits (2)")


def test_what_is_chosen_quickly_all_counts(watched: Watched, database: Database):  # noqa: F811
    """Whoever chooses again before the server has drawn the first choice must not lose it."""
    specs = run_specs("Digits", folds=2)
    submit(database, "Digits", specs)
    leases = [finish(database, seed=seed) for seed in range(2)]
    page = watched.page
    page.goto(f"{watched.address}/compare?run={leases[0].run_id}&run={leases[1].run_id}&view=difference")
    expect(page.get_by_role("heading", name="Digits (1) minus Digits (2)")).to_be_visible()

    left = page.get_by_label("What it is subtracted from")
    minus = page.get_by_label("What is subtracted", exact=True).element_handle()
    # In one go: what the server draws after the first choice cannot come before the second.
    left.evaluate(
        """(left, [minus, ...values]) => [left, minus].forEach((select, place) => {
          select.value = values[place];
          select.dispatchEvent(new Event("change", {bubbles: true}));
        })""",
        [minus, f"run:{leases[1].run_id}", f"run:{leases[0].run_id}"],
    )

    expect(page.get_by_role("heading", name="Digits (2) minus Digits (1)")).to_be_visible()
