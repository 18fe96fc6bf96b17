"""Walking over a page by Tab: what can be reached, and whether one sees where one is."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.security.watching import EVERYWHERE

CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex='0']"
# Each control gets a number; each number that was focused is noted, with whether that can be seen.
PREPARE = f"""() => {{
  {EVERYWHERE}
  document.activeElement?.blur();
  const looks = (node) => {{
    const look = getComputedStyle(node);
    const outline = look.outlineStyle === "none" ? "" : look.outlineStyle + look.outlineWidth;
    return [outline, look.boxShadow, look.borderColor, look.backgroundColor].join("|");
  }};
  const about = (node) => `${{node.tagName.toLowerCase()}}.${{node.className}} ` +
    `${{node.getAttribute("aria-label") ?? node.innerText?.slice(0, 40) ?? ""}} ${{node.type ?? ""}}`;
  const usable = (node) => node.checkVisibility({{checkVisibilityCSS: true}}) && node.getClientRects().length > 0
    && !node.disabled && node.tabIndex >= 0 && !node.closest("[inert]") && node.getAttribute("aria-hidden") !== "true";
  const firsts = new Set();
  // Of radio buttons of one name Tab reaches one, arrows the others.
  const alone = (node) => node.type !== "radio" || node.checked
    || !node.getRootNode().querySelector(`input[name="${{CSS.escape(node.name)}}"]:checked`);
  window.walk = {{left: new Map(), unseen: []}};
  for (const root of roots(document)) {{
    for (const node of root.querySelectorAll("{CONTROLS}")) {{
      if (usable(node) && alone(node)) window.walk.left.set(node, looks(node));
    }}
    root.addEventListener("focusin", (event) => {{
      const node = event.composedPath()[0];
      if (!window.walk.left.has(node)) return;
      // A field inside of something that shows it instead: the thing around it.
      const seen = looks(node) !== window.walk.left.get(node) || node.matches(".MuiSlider-thumb input, [type=range]");
      if (!seen) window.walk.unseen.push(about(node));
      window.walk.left.delete(node);
    }}, true);
  }}
  window.about = about;
  return window.walk.left.size;
}}"""
FOUND = """() => {
  const left = [...window.walk.left.keys()].filter((node) => node.isConnected);
  return {left: left.map(window.about), unseen: window.walk.unseen};
}"""


def walk(page: Page) -> tuple[int, list[str], list[str]]:
    """How many controls there are, those that Tab does not reach, and those whose focus cannot be seen."""
    count = int(page.evaluate(PREPARE))
    for _ in range(count + 25):
        page.keyboard.press("Tab")
    found = page.evaluate(FOUND)
    return count, found["left"], found["unseen"]
