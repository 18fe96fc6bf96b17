"""Pages of a run whose browser notes when each epoch has been drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from playwright.sync_api import Page, WebSocket

from benchmarks.browsers import PATIENCE_MS

POLLING_MS = 500
SETTLING_MS = 5_000

# Notes for each epoch of the loss when the frame that shows it has been painted.
WATCH = """() => {
  window.drawn = {};
  const look = () => {
    for (const figure of window.Bokeh?.documents?.[0]?.all_models ?? []) {
      if (figure.type !== "Figure") continue;
      for (const {name, data_source} of figure.renderers) {
        if (name !== "train" || data_source.watched) continue;
        data_source.watched = true;
        const note = () => requestAnimationFrame(() => setTimeout(() => {
          const epoch = data_source.data.epoch.at(-1);
          window.drawn[epoch] ??= Date.now();
        }));
        data_source.streaming.connect(note);
        data_source.change.connect(note);
      }
    }
  };
  setInterval(look, 500);  // seldom: what watches works on the same cores
}"""


@dataclass
class Watched:
    """One page, and what its websocket has received."""

    page: Page
    bytes: int = 0

    def hear(self, payload: Any) -> None:
        self.bytes += len(payload)


def open_graphs(pages: Iterable[Page], address: str, run_id: UUID) -> list[Watched]:
    """Let all of them show the curves of a run."""
    watched_pages = []
    for page in pages:
        watched = Watched(page)
        page.on("websocket", partial(_listen, watched))
        page.add_init_script(f"({WATCH})()")
        page.goto(f"{address}/run?id={run_id}&tab=graphs")
        watched_pages.append(watched)
    for watched in watched_pages:
        watched.page.wait_for_function(
            "() => (window.Bokeh?.documents?.[0]?.all_models ?? new Set()).size > 0"
            " && [...Bokeh.documents[0].all_models].some((model) => model.type === 'Figure'"
            " && model.renderers.some(({name}) => name === 'train'))",
            polling=POLLING_MS,
        )
    watched_pages[0].page.wait_for_timeout(SETTLING_MS)
    return watched_pages


def wait_for(pages: Iterable[Watched], epoch: int) -> None:
    """Until every one of them has drawn this epoch or a later one."""
    for watched in pages:
        watched.page.wait_for_function(
            "(epoch) => Object.keys(window.drawn).some((drawn) => Number(drawn) >= epoch)",
            arg=epoch,
            timeout=PATIENCE_MS,
            polling=POLLING_MS,
        )


def _listen(watched: Watched, socket: WebSocket) -> None:
    socket.on("framereceived", watched.hear)
