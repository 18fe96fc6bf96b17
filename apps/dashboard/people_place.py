"""What the pages about people show, as their address says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import get_args
from urllib.parse import urlencode
from uuid import UUID

from apps.dashboard.given import first_of, uuid_of, words_of
from nntracker_ray.accounts.roles import Role
from nntracker_ray.storage.account_queries import UserOrder

PAGE_SIZE = 50
MOST_PAGES = 10**6
ORDERS: tuple[UserOrder, ...] = get_args(UserOrder)


class View(StrEnum):
    """The parts of the page."""

    ACCOUNTS = "accounts"
    INVITATIONS = "invitations"
    SETTINGS = "settings"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class PeoplePlace:
    """Part, filter, order and page. What an address says wrongly is left out, not an error."""

    view: View = View.ACCOUNTS
    person: UUID | None = None  # one account instead of all
    search: str = ""
    role: Role | None = None
    disabled: bool | None = None
    order: UserOrder = "name"
    descending: bool = False
    page: int = 1  # 1-based
    before: int | None = None  # of the audit log: only deeds with smaller numbers

    @classmethod
    def read(cls, arguments: Mapping[str, Sequence[bytes]]) -> PeoplePlace:
        """From the arguments of a request, as Bokeh hands them over."""
        words = words_of(arguments)
        said = {name: first_of(words, name) for name in words}
        order = said.get("sort", "")
        return cls(
            view=View(word) if (word := said.get("view", "")) in [*View] else View.ACCOUNTS,
            person=uuid_of(said.get("id", "")),
            search=said.get("q", "")[:100],
            role=Role(word) if (word := said.get("role", "")) in [*Role] else None,
            disabled={"disabled": True, "open": False}.get(said.get("state", "")),
            order=next((known for known in ORDERS if known == order.removeprefix("-")), "name"),
            descending=order.startswith("-"),
            page=_number(said.get("page", ""), 1, MOST_PAGES) or 1,
            before=_number(said.get("before", ""), 0, 2**62),
        )

    @property
    def offset(self) -> int:
        """Accounts before this page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves any accounts or deeds out."""
        return bool(self.search or self.role or self.disabled is not None)

    def but(self, **changes: object) -> PeoplePlace:
        """The same with some parts changed, from its first page on unless a page is given."""
        return replace(self, **{"page": 1, "before": None, **changes})  # type: ignore[arg-type]

    def sorted_by(self, column: str) -> PeoplePlace:
        """As when a column's heading is pressed: up, then down."""
        known = next((order for order in ORDERS if order == column), "name")
        return self.but(order=known, descending=self.order == known and not self.descending)

    @property
    def address(self) -> str:
        """Path and query."""
        states = {True: "disabled", False: "open", None: ""}
        order = f"-{self.order}" if self.descending else self.order
        said = [
            ("view", "" if self.view is View.ACCOUNTS else self.view),
            ("id", str(self.person or "")),
            ("q", self.search),
            ("role", self.role or ""),
            ("state", states[self.disabled]),
            ("sort", "" if order == "name" else order),
            ("page", "" if self.page == 1 else str(self.page)),
            ("before", "" if self.before is None else str(self.before)),
        ]
        query = urlencode([(name, str(value)) for name, value in said if value])
        return f"/people?{query}" if query else "/people"


def _number(word: str, least: int, most: int) -> int | None:
    if not word.isdecimal() or not word.isascii() or len(word) > 19:
        return None
    return min(max(least, int(word)), most)
