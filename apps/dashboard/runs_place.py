"""What the list of runs shows, as its address says it: whoever gets the address sees the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from apps.dashboard.given import first_of, uuid_of, words_of
from nntracker_ray.commands import Selection
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import RunState
from nntracker_ray.run_lists import RunFilter, RunOrder

PAGE_SIZE = 100
MOST_PAGES = 10**6


@dataclass(frozen=True, slots=True)
class RunsPlace:
    """Filter, order and page of the list. What an address says wrongly is left out, not an error."""

    search: str = ""
    states: tuple[RunState, ...] = ()
    experiment_id: UUID | None = None
    tag: str = ""
    owner_id: UUID | None = None
    order: RunOrder = RunOrder()  # noqa: RUF009  (frozen)
    page: int = 1  # 1-based

    @classmethod
    def read(cls, arguments: Mapping[str, Sequence[bytes]]) -> RunsPlace:
        """From the arguments of a request, as Bokeh hands them over."""
        words = words_of(arguments)
        known = {state.value: state for state in RunState}
        return cls(
            search=first_of(words, "q")[:200],
            states=tuple(known[word] for word in dict.fromkeys(words.get("state", ())) if word in known),
            experiment_id=uuid_of(first_of(words, "experiment")),
            tag=first_of(words, "tag")[:200],
            owner_id=uuid_of(first_of(words, "owner")),
            order=_order(first_of(words, "sort")),
            page=page_number(first_of(words, "page")),
        )

    @property
    def wanted(self) -> RunFilter:
        """As the storage takes it."""
        selection = Selection(experiment_id=self.experiment_id, tag=self.tag or None, states=self.states)
        return RunFilter(selection, search=self.search, owner_id=self.owner_id)

    @property
    def offset(self) -> int:
        """Runs before this page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves any runs out."""
        return replace(self, order=RunOrder(), page=1) != RunsPlace()

    def but(self, **changes: object) -> RunsPlace:
        """The same with some parts changed, from its first page on unless a page is given."""
        return replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]

    def sorted_by(self, column: str) -> RunsPlace:
        """As when a column's heading is pressed: up, then down, then as submitted."""
        if self.order.column != column:
            return self.but(order=RunOrder(column))
        return self.but(order=RunOrder() if self.order.descending else RunOrder(column, descending=True))

    @property
    def address(self) -> str:
        """Path and query."""
        said = [
            ("q", self.search),
            *(("state", state.value) for state in self.states),
            ("experiment", str(self.experiment_id or "")),
            ("tag", self.tag),
            ("owner", str(self.owner_id or "")),
            ("sort", "" if self.order == RunOrder() else str(self.order)),
            ("page", "" if self.page == 1 else str(self.page)),
        ]
        query = urlencode([(name, value) for name, value in said if value])
        return f"/?{query}" if query else "/"


def _order(word: str) -> RunOrder:
    try:
        return RunOrder.read(word) if word else RunOrder()
    except BadInputError:
        return RunOrder()


def page_number(word: str) -> int:
    """1-based; 1 for what is no number."""
    return min(max(1, int(word)), MOST_PAGES) if word.isdecimal() and len(word) < 9 else 1
