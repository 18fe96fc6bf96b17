"""The pages of accounts and people as plain data: addresses, words, and what is shown of whom."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.account_view import AccountPage, account_view
from apps.dashboard.pages.account_words import ROLE_WORDS, SCOPE_WORDS, browser_words
from apps.dashboard.pages.people_dialogs import delete_dialog, link_dialog
from apps.dashboard.pages.person_view import PersonPage, person_view
from apps.dashboard.pages.share_view import Shared, share_view
from apps.dashboard.people_place import PeoplePlace, View
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.storage.account_queries import Account, AccountRow
from nntracker_ray.storage.session_writes import SessionRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = UUID(int=1)


def text_of(tree: Tree) -> str:
    """All that can be read."""
    return tree if isinstance(tree, str) else " ".join(map(text_of, tree[2]))


def acts_of(tree: Tree) -> set[str]:
    """All that can be done."""
    if isinstance(tree, str):
        return set()
    own = {tree[1]["data-act"]} if "data-act" in tree[1] else set()
    return own.union(*(acts_of(child) for child in tree[2]))


def account(*, stored: str | None = "a hash") -> Account:
    return Account(ADA, "ada", "Ada King", Role.USER, False, NOON, NOON, None, stored)


def row(**changes: object) -> AccountRow:
    values = {
        "user_id": ADA, "name": "ada", "full_name": "Ada King", "role": Role.USER, "is_local": False,
        "created_at": NOON, "seen_at": None, "disabled_at": None, "has_password": True, "runs": 7, "at_work": 2,
        "finished": 4, "cpu": 3.0, "gpu": 0.5, **changes,
    }  # fmt: skip
    return AccountRow(**values)


def session(number: int) -> SessionRow:
    return SessionRow(UUID(int=number), NOON, NOON, NOON, "10.0.0.1", "Firefox/140.0 (Linux)")


class TestPlaces:
    @pytest.mark.parametrize(
        "place",
        [
            PeoplePlace(),
            PeoplePlace(person=ADA),
            PeoplePlace(
                search="ada & bob", role=Role.CODE, disabled=True, order="seen", descending=True, page=3
            ),
            PeoplePlace(disabled=False),
            PeoplePlace(view=View.AUDIT, search="role", before=4711),
        ],
        ids=lambda place: place.address,
    )
    def test_an_address_says_all_that_is_shown(self, place: PeoplePlace):
        """Whoever gets the address sees the same."""
        from urllib.parse import parse_qs, urlsplit

        asked = parse_qs(urlsplit(place.address).query)

        assert (
            PeoplePlace.read({name: [v.encode() for v in values] for name, values in asked.items()}) == place
        )

    def test_what_an_address_says_wrongly_is_left_out(self):
        """An old or mistyped link must lead somewhere."""
        wrong = {
            "view": [b"secrets"], "id": [b"1"], "role": [b"god"], "state": [b"x"], "sort": [b"password_hash"],
            "page": [b"-1"], "before": [b"9" * 40], "q": [b"\xff"],
        }  # fmt: skip

        assert PeoplePlace.read(wrong) == PeoplePlace(search="\ufffd")

    def test_a_heading_sorts_up_and_then_down(self):
        """As in every table."""
        once = PeoplePlace(page=4).sorted_by("runs")

        assert (once.order, once.descending, once.page) == ("runs", False, 1)
        assert once.sorted_by("runs").descending
        assert once.sorted_by("password_hash").order == "name"


class TestOnesAccount:
    def test_this_session_cannot_be_ended_by_mistake(self):
        """It is marked; the others have a button."""
        page = AccountPage(account(), (session(1), session(2)), UUID(int=1), (), NOON)

        shown = text_of(account_view(page))

        assert shown.count("this one") == 1
        assert shown.count("Firefox on Linux") == 2
        assert {"end-session", "end-others", "save-profile", "save-password"} <= acts_of(account_view(page))

    def test_nobody_is_asked_for_a_password_they_do_not_have(self):
        """Somebody new has come by a link and sets the first one."""
        with_one = text_of(account_view(AccountPage(account(), (), None, (), NOON)))
        without = text_of(account_view(AccountPage(account(stored=None), (), None, (), NOON)))

        assert "Password until now" in with_one
        assert "Password until now" not in without
        assert "Set password" in without

    def test_a_hash_is_never_on_the_page(self):
        """Not even of one's own password."""
        assert "a hash" not in str(account_view(AccountPage(account(), (), None, (), NOON)))

    def test_every_role_and_scope_has_words(self):
        """A new one must say what it means."""
        assert set(ROLE_WORDS) == set(Role)
        assert set(SCOPE_WORDS) == set(Scope)
        assert browser_words("") == "Unknown browser"


class TestAPerson:
    def test_what_they_use_and_where_their_runs_are(self):
        """An administrator asks: who has the machine?"""
        page = person_view(PersonPage(PeoplePlace(person=ADA), row(), 3, (), is_oneself=False))

        assert "experiments 3" in text_of(page)
        assert f"/?owner={ADA}" in str(page)
        assert {"change-role", "new-link", "disable", "delete"} <= acts_of(page)

    def test_nobody_disables_or_deletes_themselves(self):
        """The buttons are not there, and the rules refuse it anyway."""
        page = person_view(PersonPage(PeoplePlace(person=ADA), row(), 3, (), is_oneself=True))

        assert acts_of(page).isdisjoint({"change-role", "disable", "delete"})

    def test_a_disabled_account_is_enabled_and_gets_no_link(self):
        """A link to it would open nothing."""
        page = person_view(
            PersonPage(PeoplePlace(person=ADA), row(disabled_at=NOON), 3, (), is_oneself=False)
        )

        assert "enable" in acts_of(page)
        assert "disable" not in acts_of(page)

    def test_deleting_asks_for_an_heir_where_there_is_something_to_inherit(self):
        """Results are not lost by a click."""
        assert "Who gets the 3 experiments of ada?" in text_of(delete_dialog("ada", 3))
        assert "It has no experiments." in text_of(delete_dialog("ada", 0))


def test_secrets_stand_behind_the_hash_sign():
    """What stands there is sent to no server and stands in no log."""
    assert "/welcome#s3cret" in str(link_dialog("ada", "s3cret"))


def test_a_link_that_was_made_is_shown_until_something_else_is_done():
    """It cannot be shown again."""
    shared = Shared(UUID(int=5), "Digits", (), (), made="/shared#s3cret")

    assert "/shared#s3cret" in str(share_view(shared))
    assert {"share-with", "make-link", "close-dialog"} <= acts_of(share_view(shared))
