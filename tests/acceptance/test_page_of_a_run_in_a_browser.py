"""The tabs of a run's page as people use them: switches, weights, histograms, files, actions."""

from __future__ import annotations

import time

import numpy as np
import pytest
from playwright.sync_api import expect

from nntracker_ray.records import Adaptation, Batch, Capture, Lease, RunState, WeightArray
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from tests.acceptance.test_run_pages_in_a_browser import PATIENCE_MS, Watched, browser, watched  # noqa: F401
from tests.integration.storage.examples_of_records import NOON
from tests.web_examples import claim, end, finish, run_specs, submit, train

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def captured(database: Database, lease: Lease, epochs: range, size: int = 500) -> None:
    """Weights of two arrays at these epochs."""
    rng = np.random.default_rng(0)
    records = [
        Capture(
            epoch,
            45 * (epoch + 1),
            (
                WeightArray(0, "dense", "kernel", rng.normal(0, 1 + epoch, size).astype(np.float32)),
                WeightArray(0, "dense", "bias", np.zeros(4, np.float32)),
            ),
            NOON,
        )
        for epoch in epochs
    ]
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(records))])


def at_work(database: Database, name: str, epochs: int = 5) -> Lease:
    submit(database, name, run_specs(name))
    lease = claim(database)
    train(database, lease, range(epochs))
    return lease


def test_switches_change_the_charts_and_the_address(watched: Watched, database: Database):  # noqa: F811
    """A view is sent to somebody by its address; what is switched off is not drawn."""
    lease = at_work(database, "Switches")
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs")
    watched.until_points("validation", [5, 5])

    page.get_by_label("validation").uncheck()
    watched.until_points("train", [5, 5])
    page.wait_for_function(f"() => !('validation' in ({POINTS_OF_ALL})())", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Step").click()
    page.get_by_role("button", name="Log").click()
    page.wait_for_url("**axis=step&scale=log&hide=validation")
    page.get_by_label("Smoothing").fill("0.6")

    watched.until_points("train smoothed", [5, 5])
    train(database, lease, range(5, 7))
    watched.until_points("train smoothed", [7, 7])
    page.reload()
    watched.until_points("train smoothed", [7, 7])
    expect(page.get_by_label("validation")).not_to_be_checked()


def test_what_is_read_while_one_switches_is_shown(watched: Watched, database: Database):  # noqa: F811
    """Else a run that ends in that moment would stand there as running for ever."""
    lease = at_work(database, "Reads")
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs")
    watched.until_points("train", [5, 5])

    with database.connection() as conn:
        conn.execute("LOCK TABLE adaptations")  # holds the reading up after it has found the run
        end(database, lease, RunState.FINISHED)
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not conn.execute(waits).fetchone()[0]:
            time.sleep(0.05)
        page.get_by_label("validation").uncheck()
        page.wait_for_url("**hide=validation")

    expect(page.get_by_text("finished", exact=True).first).to_be_visible()


def test_two_presses_at_once_are_two(watched: Watched, database: Database):  # noqa: F811
    """The answer to the first has not come when the second is made; and a double click is one press."""
    lease = at_work(database, "Presses")
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=comparisons&view=groups")
    boxes = [page.get_by_label(name, exact=True).element_handle() for name in ("median", "min and max")]

    page.evaluate("boxes => boxes.forEach((box) => box.click())", boxes)
    page.wait_for_url("**show=median&show=std&show=range**")
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("link", name="Comparisons", exact=True).click()
    page.wait_for_url("**show=median&show=std&show=range**")  # whoever gets the address sees the same
    page.get_by_role("button", name="Train again").dblclick()

    page.wait_for_url(lambda address: str(lease.run_id) not in address)
    with database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM commands WHERE verb = 'rerun'").fetchone() == (1,)


def test_a_changed_learning_rate_is_marked_while_one_looks(watched: Watched, database: Database):  # noqa: F811
    """The bend of a curve has its reason beside it."""
    lease = at_work(database, "Adapts")
    watched.page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs")
    watched.until_points("train", [5, 5])

    change = Adaptation("learning_rate", 5, 225, 0.001, 0.0005, "step: x 0.5", NOON)
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, (change,))])
    train(database, lease, range(5, 6))

    watched.until_points("learning rate changed", [1, 1])


def test_weights_are_drawn_in_three_dimensions_and_grow(watched: Watched, database: Database):  # noqa: F811
    """Array index x epoch x value; a new capture is added by itself."""
    lease = at_work(database, "Weights")
    captured(database, lease, range(3))
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs&graph=weights&layer=dense&tensor=kernel")

    points = page.locator(".points3d")
    expect(points).to_have_attribute("data-points", "1500")
    captured(database, lease, range(3, 4))
    train(database, lease, range(5, 6))
    expect(points).to_have_attribute("data-points", "2000")
    page.get_by_label("Array").select_option("bias")
    expect(points).to_have_attribute("data-points", "16")
    page.wait_for_url("**tensor=bias")


def test_histograms_step_through_the_captures(watched: Watched, database: Database):  # noqa: F811
    """One looks at an epoch, and at the next."""
    lease = at_work(database, "Histograms")
    captured(database, lease, range(3))
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=graphs&graph=histograms&tensor=kernel")

    expect(page.get_by_label("Epoch", exact=True)).to_have_value("2")
    page.get_by_role("button", name="The capture before").click()

    expect(page.get_by_label("Epoch", exact=True)).to_have_value("1")
    page.wait_for_url("**epoch=1")


def test_a_run_is_paused_tagged_and_forked_from_its_page(watched: Watched, database: Database):  # noqa: F811
    """What one may do stands where one looks."""
    lease = at_work(database, "Acts")
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}")

    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".headline .chip")).to_have_text("pausing")
    page.get_by_role("button", name="Add a tag").click()
    page.get_by_role("textbox", name="Tags").fill("mine, later")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".tags .tag a")).to_have_text(["later", "mine"])
    page.get_by_role("button", name="Remove the tag later").click()
    expect(page.locator(".tags .tag a")).to_have_text(["mine"])

    page.get_by_role("button", name="Fork").click()
    page.get_by_label("Learning rate").fill("fast")
    page.get_by_role("button", name="Fork the run").click()
    expect(page.get_by_text("a number above 0 is needed here")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_deleting_says_what_is_lost_and_then_it_is_gone(watched: Watched, database: Database):  # noqa: F811
    """A slip of the finger must not cost a night's training."""
    submit(database, "Gone", run_specs("Gone"))
    lease = finish(database)
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}")

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("metric points")
    page.get_by_role("button", name="Delete the run").click()

    expect(page.get_by_text("There is no such run here")).to_be_visible()


def test_everything_can_be_taken_away_as_a_file(watched: Watched, database: Database):  # noqa: F811
    """Metrics and captures leave by plain links."""
    lease = at_work(database, "Files")
    captured(database, lease, range(2))
    page = watched.page
    page.goto(f"{watched.address}/run?id={lease.run_id}&tab=files")

    with page.expect_download() as metrics:
        page.get_by_role("link", name="Metrics, CSV").click()
    with page.expect_download() as weights:
        page.get_by_role("link", name="Weights of epoch 1").click()

    assert metrics.value.path().read_text().startswith("metric,")
    assert sorted(np.load(weights.value.path()).files) == ["dense/bias", "dense/kernel"]


def test_a_failed_run_shows_its_history_and_traceback(watched: Watched, database: Database):  # noqa: F811
    """Errors are never erased by reading them."""
    lease = at_work(database, "Fails")
    end(database, lease, RunState.FAILED, "Traceback (most recent call last)\nValueError: loss is NaN")

    watched.page.goto(f"{watched.address}/run?id={lease.run_id}")

    expect(watched.page.locator(".failure summary")).to_have_text("ValueError: loss is NaN")
    expect(watched.page.get_by_role("region", name="History of states").locator("tbody tr")).to_have_count(4)


POINTS_OF_ALL = """() => {
  const points = {};
  for (const figure of window.Bokeh?.documents?.[0]?.all_models ?? []) {
    if (figure.type !== "Figure" || !Bokeh.index.find_one_by_id(figure.id)?.el.isConnected) continue;
    for (const {name} of figure.renderers) points[name] = 1;
  }
  return points;
}"""
