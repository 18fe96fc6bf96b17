"""Every page and view: where it is, what is done there before the picture is taken, and when it is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from playwright.sync_api import Page

from nntracker_ray.figures.inside_pictures import Picture
from tests.pictures.story import PASSWORD, Story

DRAWN = """() => [...(window.Bokeh?.documents?.[0]?.all_models ?? [])].some(
  (model) => model.type === "Figure" && model.renderers.length > 0)"""
Deed = Callable[[Page], object]


@dataclass(frozen=True)
class View:
    """One picture."""

    name: str
    path: str
    ready: str = "h1"  # what is there when the page is
    deed: Deed = lambda _: None
    signed_in: bool = True
    has_charts: bool = False


def views(story: Story) -> Iterable[View]:
    """All of them, in the order of the manual."""
    yield from _doors(story)
    yield from _lists(story)
    yield from _one_run(story)
    yield from _comparisons(story)
    yield from _people(story)


def _doors(story: Story) -> Iterable[View]:
    yield View("sign-in", "/welcome", signed_in=False)
    yield View("sign-in-wrong", "/welcome", deed=_wrong_password, signed_in=False)
    yield View("register", f"/register#{story.links['invitation']}", signed_in=False)
    yield View("shared", f"/shared#{story.links['share']}", ready="tr[data-key]", signed_in=False)


def _wrong_password(page: Page) -> None:
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD[::-1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".wrong:not([hidden])")


def _lists(story: Story) -> Iterable[View]:
    digits = story.experiments["Digits"]
    yield View("runs", "/", "tr[data-key]")
    yield View("runs-selected", "/", "tr[data-key]", _select_three)
    yield View("runs-none-match", "/?q=nothing+has+this+name", ".message")
    yield View("share", f"/?experiment={digits}", "tr[data-key]", _share)
    yield View("new", "/new", "#field-name")
    yield View("new-again", f"/new?from={digits}", ".preview, .outcome, #field-name", _previewed)


def _select_three(page: Page) -> None:
    for number in (3, 4, 5):
        page.locator("tr[data-key] input[type=checkbox]").nth(number).check()
    page.wait_for_selector(".selection-bar:not(.none)")


def _share(page: Page) -> None:
    page.get_by_role("button", name="Share").first.click()
    page.wait_for_selector("dialog[open] .list, dialog[open] table, dialog[open] form")


def _previewed(page: Page) -> None:
    page.get_by_role("button", name="Submit 8 runs").wait_for()


def _one_run(story: Story) -> Iterable[View]:
    finished, running = (f"/run?id={story.runs[key]}" for key in ("digits 2", "running"))
    weights = "&layer=hidden&tensor=kernel"
    yield View("run", running, has_charts=True)
    yield View("run-failed", f"/run?id={story.runs['failed']}", has_charts=True)
    yield View("run-fork", finished, deed=_fork, has_charts=True)
    yield View("graphs-curves", f"{finished}&tab=graphs&smooth=0.6", has_charts=True)
    yield View("graphs-weights", f"{finished}&tab=graphs&graph=weights{weights}", ".points3d[data-points]")
    yield View(
        "graphs-histograms", f"{finished}&tab=graphs&graph=histograms{weights}&epoch=20", has_charts=True
    )
    for picture in Picture:
        yield View(
            f"inside-{picture}", f"{finished}&tab=inside&picture={picture}", ".inside-notes", has_charts=True
        )
    yield View("inside-none", f"/run?id={story.runs['failed']}&tab=inside", ".message")
    yield View("run-comparisons", f"{finished}&tab=comparisons", has_charts=True)
    yield View("run-files", f"{finished}&tab=files", ".files-cards")
    yield View("run-unknown", "/run?id=00000000-0000-0000-0000-000000000000")


def _fork(page: Page) -> None:
    page.get_by_role("button", name="Fork").click()
    page.wait_for_selector("dialog[open] form")


def _comparisons(story: Story) -> Iterable[View]:
    digits = story.experiments["Digits"]
    first, second = story.runs["digits 0"], story.runs["digits 5"]
    everything = f"/compare?experiment={digits}"
    yield View("compare-empty", "/compare")
    yield View("compare-lines", f"{everything}&metric=val_accuracy", has_charts=True)
    groups = "&".join(f"tag=Digits+folds+({optimizer})+(LR1)" for optimizer in ("O1", "O2"))
    yield View("compare-groups", f"/compare?{groups}&metric=val_loss&members=yes", has_charts=True)
    yield View("compare-folds", f"{everything}&view=folds&metric=val_loss", has_charts=True)
    yield View("compare-difference", f"/compare?run={first}&run={second}&view=difference", has_charts=True)
    yield View("compare-parameters", f"{everything}&view=parameters&metric=val_accuracy", has_charts=True)
    yield View("compare-weights", f"/compare?run={first}&run={second}&view=weights", has_charts=True)


def _people(story: Story) -> Iterable[View]:
    yield View("account", "/account")
    yield View("people", "/people")
    yield View("invitations", "/people?view=invitations")
    yield View("settings", "/people?view=settings")
    yield View("audit", "/people?view=audit", "table")
    yield View("person", f"/people?id={story.people['ada'].user_id}")
