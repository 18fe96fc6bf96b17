"""Takes the pictures: light and dark at desk width, light at the width of a telephone; small enough for the manual."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError
from scipy.spatial import cKDTree

from tests.pictures.views import DRAWN, View

PATIENCE_MS = 60_000
SETTLED_MS = 700  # fonts, animations
FREQUENT = 96
TALLEST = 1600  # pixels of a picture


@dataclass(frozen=True)
class Shape:
    """A window."""

    name: str
    theme: str
    width: int
    height: int = 900


DESK = (Shape("light", "light", 1440), Shape("dark", "dark", 1440), Shape("375", "light", 375, 812))


@dataclass
class Camera:
    """Goes through the views; what a page complains of is told at the end."""

    browser: Browser
    address: str
    folder: Path
    sign_in: Callable[[], str]  # a fresh link
    before: Callable[[], None] = lambda: None  # each picture
    complaints: list[str] | None = None

    def take(self, views: Iterable[View], shapes: Sequence[Shape] = DESK) -> list[str]:
        """Returns: what the pages complained of."""
        self.complaints = []
        wanted = list(views)
        for shape in shapes:
            inside, outside = self._page(shape), self._page(shape)
            inside.goto(self.sign_in())
            inside.wait_for_url(f"{self.address}/", timeout=PATIENCE_MS)
            for view in wanted:
                self.before()
                page = inside if view.signed_in else outside
                try:
                    self._picture(page, view, shape)
                except PlaywrightError as error:
                    self._note(page, f"{view.name}: {error}")
            inside.context.close()
            outside.context.close()
        return self.complaints

    def _page(self, shape: Shape) -> Page:
        context = self.browser.new_context(
            viewport={"width": shape.width, "height": shape.height},
            color_scheme="dark" if shape.theme == "dark" else "light",
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self._note(page, str(error)))
        page.on("console", lambda said: self._note(page, said.text) if said.type == "error" else None)
        return page

    def _note(self, page: Page, text: str) -> None:
        assert self.complaints is not None
        if "401 (Unauthorized)" not in text:  # a browser says so of every wrong password
            self.complaints.append(f"{page.url}: {text}")

    def _picture(self, page: Page, view: View, shape: Shape) -> None:
        page.set_viewport_size({"width": shape.width, "height": shape.height})
        page.goto("about:blank")  # a mere change of what stands behind # would load nothing
        page.goto(self.address + view.path)
        page.locator(view.ready).locator("visible=true").first.wait_for()
        view.deed(page)
        if view.has_charts:
            page.wait_for_function(DRAWN)
        page.wait_for_timeout(SETTLED_MS)
        self._grow(page, shape)
        self._keep(page.screenshot(), self.folder / f"{view.name}-{shape.name}.png")

    def _grow(self, page: Page, shape: Shape) -> None:
        """The content scrolls in an element of its own, which a picture of the whole page would cut off."""
        tall = page.evaluate("""() => Math.max(document.documentElement.scrollHeight,
            ...[...document.querySelectorAll("main, .main-content")].map((one) => one.scrollHeight + 60))""")
        if tall > shape.height:
            page.set_viewport_size({"width": shape.width, "height": min(int(tall), TALLEST)})
            page.wait_for_timeout(SETTLED_MS)

    @staticmethod
    def _keep(picture: bytes, path: Path) -> None:
        in_few_colours(Image.open(io.BytesIO(picture)).convert("RGB")).save(path, optimize=True)


def in_few_colours(image: Image.Image) -> Image.Image:
    """256 of them: the most frequent as they are, lest greys get a tint, and some of all other hues."""
    codes = np.asarray(image).reshape(-1, 3).astype(np.int32) @ [65536, 256, 1]
    found, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    frequent = colours[np.argsort(counts)[::-1][:FREQUENT]]
    octree = image.quantize(256 - FREQUENT, method=Image.Quantize.FASTOCTREE).getpalette() or []
    palette = np.concatenate([frequent, np.reshape(octree, (-1, 3)).astype(np.uint8)])[:256]
    nearest = cKDTree(palette).query(colours)[1]
    few = Image.fromarray(nearest[place.ravel()].astype(np.uint8).reshape(image.height, image.width), "P")
    few.putpalette(palette.ravel().tolist())
    return few
