"""Whatever people call things, pages show it as text: it never becomes markup, a script, or a question to others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, expect

from nntracker_ray.storage.connection import Database
from tests.security.hostile_stage import ADMINISTRATOR, PASSWORD, HostileStage, set_stage
from tests.security.hostile_words import CANARY, DRAWN, MARK, WORDS
from tests.security.pages_of_all import compare_views, people_views, run_views
from tests.security.watching import Witness, witness

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOBODY = UUID(int=0)
# Where so many of the hostile words stand at least; a page of accounts holds fifty, and charts draw on a canvas.
LEAST_WORDS = {
    "runs": 54, "new": 54, "account": 54, "people: accounts": 45, "people: audit": 54, "people: one": 1,
    "run: general, curves": 54, "run: graphs, curves": 54, "run: graphs, weights": 54,
    "run: graphs, histograms": 54, "run: comparisons, curves": 54, "run: inside, heat": 54,
    "run: inside, lines": 54, "run: inside, ratio": 54, "run: inside, histogram": 54, "run: inside, similarity": 54,
    "run: files, curves": 54,
    "compare: groups": 1, "compare: difference": 1,
}  # fmt: skip
TYPED = """name: '<img nnxss src=x onerror=alert(1)>'
tags: ['<script nnxss>alert(1)</script>', 'javascript:alert(1)']
"<b nnxss>": 1
model: '"><svg nnxss onload=alert(1)>'
total_epochs: '{{7*7}}<img nnxss src=x onerror=alert(1)>'
optimizers: ['<iframe nnxss src=javascript:alert(1)>']
"""


def pages(experiment_id: UUID, run_id: UUID, person_id: UUID) -> dict[str, str]:
    """Every page, by its name."""
    plain = {"runs": "/", "new": "/new", "account": "/account"}
    compared = compare_views(experiment_id, metric=DRAWN[0])
    return {**plain, **dict((*run_views(run_id, metrics=DRAWN), *compared, *people_views(person_id)))}


PAGES = [*pages(NOBODY, NOBODY, NOBODY)]


@pytest.fixture(scope="module")
def stage(module_database: Database) -> HostileStage:
    return set_stage(module_database)


@pytest.fixture(scope="module")
def ruth(browser: Browser, address: str) -> Iterator[Witness]:
    """The administrator's browser, with hostile things of her own."""
    with witness(browser, address) as ruth:
        sign_in(ruth, "/welcome")
        yield ruth


def sign_in(watched: Witness, path: str) -> None:
    watched.page.goto(watched.address + path)
    watched.page.get_by_label("Name").fill(ADMINISTRATOR)
    watched.page.get_by_label("Password").fill(PASSWORD)
    watched.page.get_by_role("button", name="Sign in").click()
    watched.page.wait_for_url(lambda url: "/welcome" not in url)


def sweep(watched: Witness) -> None:
    """Move over the first chart: what appears under the pointer is made of names too."""
    chart = watched.page.locator("canvas").first
    if chart.count() and (box := chart.bounding_box()):
        for step in range(1, 20):
            watched.page.mouse.move(box["x"] + box["width"] * step / 20, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("name", PAGES)
def test_pages_show_words_as_words(ruth: Witness, stage: HostileStage, name: str):
    """No dialog, no script, no element, no breach of the policy, no question to another machine; and all is shown."""
    ruth.visit(pages(stage.experiment_id, stage.run_ids[0], stage.person_id)[name])
    sweep(ruth)

    assert ruth.take_complaints() == []
    text = ruth.text()
    assert sum(word in text for word in WORDS) >= LEAST_WORDS.get(name, 0)
    assert ruth.asked > 0


def test_dialogs_show_words_as_words(ruth: Witness, stage: HostileStage):
    """What one is asked before something is shared or deleted names it."""
    ruth.visit(f"/?experiment={stage.experiment_id}")
    ruth.page.get_by_role("button", name="Share").first.click()
    expect(ruth.page.get_by_role("dialog")).to_contain_text(WORDS[0])
    ruth.page.keyboard.press("Escape")
    ruth.visit(f"/run?id={stage.run_ids[0]}")
    for name in ("Fork", "Extend", "Delete"):
        ruth.page.get_by_role("button", name=name).first.click()
        expect(ruth.page.locator("dialog[open]")).to_be_visible()
        ruth.page.keyboard.press("Escape")

    assert ruth.take_complaints() == []


def test_a_hostile_file_is_quoted_back_as_text(ruth: Witness, tmp_path: Path):
    """Complaints name what came; an upload's columns and classes are what its author likes."""
    table = tmp_path / "words.csv"
    lines = [f'"{word}",{number}' for number, word in enumerate(w.replace('"', "") for w in WORDS)]
    table.write_text("\n".join([f'"<img {MARK} src=x onerror=alert(1)>",target', *lines]))
    page = ruth.visit("/new")

    page.get_by_label("Upload a file").first.set_input_files(table)
    expect(page.get_by_label("Training data")).to_have_value("words.csv")
    page.locator("summary", has_text="54 rows").click()
    expect(page.get_by_role("rowheader", name=f"<img {MARK}")).to_be_visible()
    page.get_by_label("The same as a file").fill(TYPED)
    expect(page.locator("#wrong-total_epochs")).to_contain_text("{{7*7}}<img")

    assert ruth.take_complaints() == []


def test_a_visitor_sees_words_as_words(browser: Browser, address: str, stage: HostileStage):
    """The page that a share link opens is read by people without an account."""
    with witness(browser, address) as visitor:
        visitor.page.goto(f"{address}/shared#{stage.link}")
        visitor.page.wait_for_url("**/?experiment=*")
        visitor.complaints.clear()  # the browser's own word that nobody was signed in yet
        for path in ("/", f"/run?id={stage.run_ids[1]}"):
            visitor.visit(path)
            assert WORDS[8] in visitor.text()
            assert visitor.take_complaints() == []


@pytest.mark.parametrize(
    "goal",
    [
        "javascript:alert(1)", "//canary.invalid/", "/\\canary.invalid", f"{CANARY}/x", "data:text/html,<script>",
        "https:canary.invalid", "\t//canary.invalid", "/x\r\nset-cookie: a=b", "/?q=<script nnxss>alert(1)</script>",
    ],
    ids=ascii,
)  # fmt: skip
def test_signing_in_leads_to_our_own_pages_only(browser: Browser, address: str, stage, goal: str):
    """A link to our sign-in page must not be a way to somebody else's."""
    with witness(browser, address) as ruth:
        sign_in(ruth, f"/welcome?next={quote(goal, safe='')}")

        assert ruth.page.url.startswith(f"{address}/")
        policy = [one for one in ruth.take_complaints() if "404" not in one]  # some goals are no page of ours
        assert policy == []


def test_the_report_of_an_archive_holds_words_as_words(
    ruth: Witness, browser: Browser, address: str, stage: HostileStage, tmp_path: Path
):
    """It is opened from a disk, where no header of ours protects anybody."""
    cookies = {one["name"]: one["value"] for one in ruth.context.cookies()}
    answer = httpx.get(
        f"{address}/api/experiments/{stage.experiment_id}/archive", cookies=cookies, timeout=60
    )
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        (report,) = (name for name in opened.namelist() if name.endswith("report.html"))
        (tmp_path / "report.html").write_bytes(opened.read(report))

    with witness(browser, "file://") as reader:
        reader.page.goto((tmp_path / "report.html").as_uri())
        assert reader.take_complaints() == []
        text = reader.text()
    assert [word for word in WORDS if word not in text] == []
