"""Beside the form: the runs that would be made, their cost, everything that is wrong, and the button."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.trees import Tree
from nntracker_ray.previewing import Cost, Preview

if TYPE_CHECKING:
    from apps.dashboard.pages.new_view import NewPage

SHOWN = 60  # names
MOST_PROBLEMS = 12


def outcome(page: NewPage) -> Tree:
    """What would be made, or why nothing can be made yet."""
    cost = page.found.cost if page.found else None
    return h(
        "section",
        h("h2", "What it makes"),
        _headline(cost) if cost else _nothing_yet(page),
        _names(page.found) if page.found and cost else None,
        _problems(page),
        _submit(page),
        cls="card outcome",
        data_key="outcome",
        aria_live="polite",
    )


def figures(cost: Cost) -> Iterator[str]:
    """The cost in short words, what is not known left out."""
    yield words.plural(cost.epochs, "epoch")
    if cost.steps is not None:
        yield words.plural(cost.steps, "step")
    if cost.parameters is not None:
        yield words.plural(cost.parameters, "parameter")
    if cost.seconds is not None:
        yield f"about {words.duration(timedelta(seconds=cost.seconds))} of training, as runs like these took"
    if cost.looking:
        yield looking_words(cost.looking)


def looking_words(share: float) -> str:
    """What looking inside costs: "looking inside: about 2 % of the training time"."""
    size = "less than 1 %" if share < 0.005 else f"about {share:.0%}".replace("%", " %")
    return f"looking inside: {size} of the training time"


def _nothing_yet(page: NewPage) -> Tree:
    if page.draft.text.strip():
        return h("p", "Nothing yet.", cls="about")
    needed = "Needed are a name, a model, training data, a loss and a number of epochs; all else may stay as it is."
    return h("p", needed, cls="about")


def _headline(cost: Cost) -> Tree:
    return h(
        "p",
        h("b", words.plural(cost.runs, "run"), cls="big"),
        h("span", " · ".join(figures(cost)), cls="about"),
        cls="headline-cost",
    )


def _names(found: Preview) -> Tree | None:
    if not found.names or found.cost is None:
        return None
    shown = found.names[:SHOWN]
    more = found.cost.runs - len(shown)
    lines = [h("li", name) for name in shown]
    if more > 0:
        lines.append(h("li", f"and {more:,} more", cls="about"))
    return h("ol", *lines, cls="run-names", tabindex=0, aria_label="Runs that will be made")


def _problems(page: NewPage) -> Tree | None:
    problems = page.problems
    if not problems or not page.draft.text.strip():
        return None
    lines = [
        h("li", h("code", one.path) if one.path else None, " " if one.path else None, one.message)
        for one in problems[:MOST_PROBLEMS]
    ]
    if len(problems) > MOST_PROBLEMS:
        lines.append(h("li", f"and {len(problems) - MOST_PROBLEMS} more"))
    title = f"{words.plural(len(problems), 'thing')} to mend"
    return h("div", h("b", title), h("ul", *lines), cls="problems")


def _submit(page: NewPage) -> Tree:
    runs = page.found.cost.runs if page.found and page.found.cost else 0
    # While the newest words are looked at the button stays as it was: to press it is to leave a field, which may be a
    # change, and a button that is disabled under the finger swallows the press. Submitting checks everything anew.
    wrong = page.refusals or (page.found.problems if page.found else ())
    can = bool(runs) and not (wrong or page.draft.trouble or page.busy)
    text = page.busy or (f"Submit {words.plural(runs, 'run')}" if runs else "Submit")
    why = ""
    if can and page.found and not page.found.was_read:
        why = "The data are looked at when you submit."
    return h(
        "div",
        h(
            "button",
            text,
            type="button",
            data_act="submit",
            disabled=None if can else True,
            aria_busy="true" if page.busy else None,
            cls="main",
        ),
        h("span", why, cls="about") if why else None,
        cls="submit-row",
    )
