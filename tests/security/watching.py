"""A browser that tells on its pages: scripts that ran, dialogs, breaches of the policy, questions to other machines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.security.hostile_words import MARK

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000
# Everything below works in every tree of the page: Panel's components have shadow roots.
EVERYWHERE = """
  const roots = (root) => [root, ...[...root.querySelectorAll("*")].filter(({shadowRoot}) => shadowRoot)
    .flatMap(({shadowRoot}) => roots(shadowRoot))];
"""
BREACHES = """
  window.breaches = [];
  document.addEventListener("securitypolicyviolation",
    ({violatedDirective, blockedURI}) => window.breaches.push(`policy: ${violatedDirective} ${blockedURI}`));
"""
MADE_OF_WORDS = f"""() => {{
  {EVERYWHERE}
  const alive = "[onerror], [onload], [onbegin], [ontoggle], [onfocus], [onmouseover], [onstart], base, iframe, object";
  const places = ["href", "src", "action", "data", "xlink:href"];
  return [...(window.{MARK} ? ["a script ran"] : []), ...window.breaches, ...roots(document).flatMap((root) => [
    ...[...root.querySelectorAll("[{MARK}], .{MARK}, #{MARK}"), ...root.querySelectorAll(alive)],
    ...[...root.querySelectorAll("*")].filter((node) => places.some(
      (name) => /^\\s*(j[\\s]*avascript:|data:text|(https?:)?\\/\\/canary)/i.test(node.getAttribute(name) ?? ""))),
  ].map((node) => `made: ${{node.outerHTML.slice(0, 200)}}`))];
}}"""
TEXT = f"""() => {{
  {EVERYWHERE}
  const texts = [];
  for (const root of roots(document)) {{
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {{
      if (!["SCRIPT", "STYLE"].includes(walker.currentNode.parentNode.nodeName)) texts.push(walker.currentNode.data);
    }}
    root.querySelectorAll("input, textarea, option").forEach(({{value}}) => texts.push(value));
  }}
  return texts.join("\\n");
}}"""
STILL = f"""async () => {{
  {EVERYWHERE}
  const size = () => roots(document).reduce((sum, root) => sum + root.querySelectorAll("*").length, 0);
  const until = performance.now() + 10000;
  for (let before = -1, calm = 0; calm < 3 && performance.now() < until;) {{
    await new Promise((done) => requestIdleCallback(() => setTimeout(done, 120), {{timeout: 2000}}));
    const now = size();
    calm = now === before ? calm + 1 : 0;
    before = now;
  }}
}}"""


@dataclass
class Witness:
    """One browser context, and everything in it that should not have happened."""

    context: BrowserContext
    address: str
    complaints: list[str] = field(default_factory=list)
    asked: int = 0  # requests seen

    def __post_init__(self) -> None:
        self.context.add_init_script(BREACHES)
        self.context.on("request", self._asks)
        self.context.on("dialog", self._opens)
        self.context.on("console", lambda said: said.type == "error" and self._tell(f"console: {said.text}"))
        self.context.on("weberror", lambda error: self._tell(f"script error: {error.error}"))
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)

    def visit(self, path: str) -> Page:
        """Open a page and wait until it has drawn itself."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector("h1:visible")
        self.page.evaluate(STILL)
        return self.page

    def take_complaints(self) -> list[str]:
        """What is wrong with the page as it stands, and what went wrong on the way; then it is forgotten."""
        found = [*self.complaints, *self.page.evaluate(MADE_OF_WORDS)]
        self.complaints.clear()
        return found

    def text(self) -> str:
        """Everything that can be read on the page."""
        return str(self.page.evaluate(TEXT))

    def _asks(self, request: Request) -> None:
        self.asked += 1
        asked, own = urlsplit(request.url), urlsplit(self.address)
        if asked.scheme not in ("data", "blob") and asked.netloc != own.netloc:
            self._tell(f"left the machine: {request.url}")

    def _opens(self, dialog) -> None:
        self._tell(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _tell(self, complaint: str) -> None:
        self.complaints.append(complaint)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@contextmanager
def witness(browser: Browser, address: str, **context) -> Iterator[Witness]:
    """A context of its own."""
    opened = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", **context})
    yield Witness(opened, address)
    opened.close()
