"""A page may be filled in any moment, also in those between which a browser has read it and has drawn all of it."""

from __future__ import annotations

from collections.abc import Iterator

import panel as pn
import pytest
from fastapi import FastAPI
from panel.io.fastapi import add_applications
from playwright.sync_api import expect, sync_playwright

from apps.dashboard.components.elements import Deed, Elements, h
from apps.dashboard.messages_fix import repair_messages
from tests.acceptance.test_run_pages_in_a_browser import CHROMIUM, QUIET
from tests.web_examples import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


# A browser says that all is drawn after a second, as it does where there is much to draw. A message is three frames.
DRAWN_LATE = """
const send = WebSocket.prototype.send;
const frames = [];
WebSocket.prototype.send = function (frame) {
  frames.push(frame);
  if (frames.length < 3) return;
  const message = frames.splice(0);
  const pass = () => message.forEach((one) => send.call(this, one));
  message[2].includes("document_ready") ? setTimeout(pass, 1000) : pass();
};
"""


def quick_page() -> Elements:
    """Answers the very first word of the browser, while that has much else to draw: another tree, then a change."""
    elements = Elements(h("div", data_kept="nothing"))

    def answer(_deed: Deed) -> None:
        elements.update(h("section", h("p", "filled")))
        elements.update(h("section", h("p", "filled"), h("p", "and changed")))

    return elements.on_deed(answer)


@pytest.fixture
def address() -> Iterator[str]:
    """Where such a page is served, with the repairs that all of ours are served with."""
    pn.extension(notifications=False)
    app = FastAPI()
    repair_messages()
    add_applications({"/": quick_page}, app=app)
    with served(app) as address:
        yield address


def test_what_comes_before_all_is_drawn_is_shown(address: str):
    """Without the repair the page stays empty for ever."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        page.add_init_script(DRAWN_LATE)
        page.goto(address)
        expect(page.get_by_text("filled")).to_be_visible()
        expect(page.get_by_text("and changed")).to_be_visible()
        browser.close()
