"""A piece of markup that goes to another place of the page: what the browser is told fits what it has."""

from __future__ import annotations

from types import SimpleNamespace

from apps.dashboard.components.elements import Elements, h


def drawn(elements: Elements) -> None:
    """The browser says that it has drawn it."""
    elements._on_message(SimpleNamespace(data="drawn"))


def test_what_is_drawn_anew_begins_with_what_is_shown():
    """Changes were sent to the place before; the new one has not heard of them."""
    elements = Elements(h("p", "first"))
    elements.get_root()
    drawn(elements)
    elements.update(h("p", "second"))

    model = elements.get_root()

    assert model.data.tree == h("p", "second")


def test_changes_before_it_is_drawn_are_whole_trees():
    """A change of something that the browser does not have yet would hit something else, or nothing."""
    elements = Elements(h("p", "first"))
    elements.get_root()
    drawn(elements)
    model = elements.get_root()

    elements.update(h("p", "second"))
    before = model.data.tree
    drawn(elements)
    elements.update(h("p", "third"))

    assert before == h("p", "second")
    assert model.data.tree == before, "drawn by now: it is sent the change alone"
