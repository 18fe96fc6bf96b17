"""What the tab *Inside* says beside its pictures: what looking costs, what was suspended, why there is nothing yet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from apps.dashboard.components.elements import h
from apps.dashboard.components.swatch import swatch
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.inside_shown import Shown
from apps.dashboard.pages.run_parts import message
from nntracker_ray.figures.inside_lines import RATIO_TARGET, TARGET_COLOR, TARGET_NAME
from nntracker_ray.figures.inside_pictures import Picture
from nntracker_ray.figures.lines import Chart
from nntracker_ray.records import JsonValue, Observed, RunState
from nntracker_ray.storage.layer_queries import ObservedSeries

EXAMPLE = """introspection:
  - basic
  - {metric: histogram, topics: [weights], every_epochs: 1}"""
MISSING = {
    Picture.HEAT: (
        "No numbers of layers yet",
        "{metric: norm, topics: [weights, weight_gradients], every: 100}",
    ),
    Picture.LINES: (
        "No numbers of layers yet",
        "{metric: norm, topics: [weights, weight_gradients], every: 100}",
    ),
    Picture.RATIO: ("No ratios of updates to weights here", "{metric: ratio, every: 100}"),
    Picture.HISTOGRAM: ("No histograms here", "{metric: histogram, topics: [weights], every_epochs: 1}"),
    Picture.SIMILARITY: ("No similarities here", "{metric: svcca, every_epochs: 1}"),
}
MANY_NAMES = 12
RATIO_WORDS = (
    "The green band is where the size of a step's update over that of the weights should be: about 1e-3, from "
    f"{RATIO_TARGET[0]:.1e} to {RATIO_TARGET[1]:.1e}. Far above it the learning rate may be too high, far below "
    "too low."
)


@dataclass(frozen=True, slots=True)
class Inside:
    """What was read of the inside of a run."""

    experiment_id: UUID
    attempt: int
    state: RunState
    series: Sequence[ObservedSeries] = ()  # by metric, then in the model's order
    wanted: tuple[Observed, ...] = ()  # as submitted
    facts: Mapping[str, JsonValue] = field(default_factory=dict)  # of the run; two of them are used

    @property
    def observed(self) -> Sequence[object]:
        """Who looks at what, as the run told it: metric, topics, and the names of what came of it."""
        return _several(_mapping(self.facts.get("introspection")).get("observed"))


def notes_view(inside: Inside) -> Tree:
    """What looking costs, and what is not looked at any more."""
    told, cost = _mapping(inside.facts.get("introspection")), _mapping(inside.facts.get("introspection_cost"))
    warnings = [*_suspended(told.get("suspended")), *_ignored(told.get("ignored"))]
    return h(
        "div",
        h("div", h("ul", *warnings), cls="problems inside-warnings", role="status") if warnings else None,
        _cost(cost),
        cls="inside-notes",
    )


def _cost(cost: Mapping[str, Any]) -> Tree | None:
    share, estimated = (_number(cost.get(key)) for key in ("share", "estimated_share"))
    if share is None and estimated is None:
        return None
    guess = "" if estimated is None else f"estimated {_percent(estimated)}"
    said = f"Looking inside is {guess}" if share is None else f"Looking inside takes {_percent(share)}"
    line = f"{said} of the training time" + (f" ({guess})" if share is not None and guess else "")
    seconds = {str(name): _number(spent) for name, spent in _mapping(cost.get("by_metric")).items()}
    rows = [
        h("tr", h("th", name, scope="row"), h("td", f"{spent:.2f} s", cls="num"), data_key=name)
        for name, spent in sorted(seconds.items(), key=lambda one: (-(one[1] or 0.0), one[0]))
        if spent is not None
    ]
    if not rows:
        return h("p", f"{line}.", cls="about inside-cost")
    table = h("table", h("caption", "Time spent on each", cls="unseen"), h("tbody", *rows), cls="numbers")
    return h("details", h("summary", f"{line}."), table, cls="about inside-cost", data_key="cost")


def _suspended(given: object) -> list[Tree]:
    found = [one for one in map(_mapping, _several(given)) if one]
    return [
        h(
            "li",
            h("b", str(one.get("metric", "a metric"))),
            f" is suspended{_since(one.get('step'))}: {one.get('why', 'no reason is known')}",
            data_key=f"suspended {place}",
        )
        for place, one in enumerate(found)
    ]


def _since(step: object) -> str:
    return f" since step {step:,}" if isinstance(step, int) else ""


def _ignored(given: object) -> list[Tree]:
    return [
        h("li", _ignored_words(one), data_key=f"ignored {place}") for place, one in enumerate(_several(given))
    ]


def _ignored_words(one: object) -> str:
    told = _mapping(one)
    if not told:
        return f"Not looked at: {one}"
    why = f": {told['why']}" if told.get("why") else ""
    return f"Not looked at: {told.get('metric', told.get('layer', one))}{why}"


def nothing_view(inside: Inside, picture: Picture) -> Tree:
    """Instead of a picture: why there is none, and what gives one."""
    if inside.series:
        title, line = MISSING[picture]
        return message(
            title, "The other pictures have what this run records. A line in the file's introspection gives it:",
            h("pre", h("code", f"introspection:\n  - {line}")), _again(inside), cls="small",
        )  # fmt: skip
    if inside.wanted:
        return message("Not looked inside yet", first_look(inside.wanted, inside.state), cls="small")
    return message(
        "This run is not looked inside",
        "It was submitted without introspection. These lines in the experiment file have weights, gradients and "
        "activations looked at while it trains:",
        h("pre", h("code", EXAMPLE)),
        h("p", "A fork of it may be looked into as well: it goes on from a checkpoint."),
        _again(inside),
        cls="small",
    )


def first_look(wanted: Sequence[Observed], state: RunState) -> str:
    """When there will be something to see."""
    if state.is_final:
        return "The run ended before its first look."
    of_epochs = all(one.every_epochs is not None for one in wanted)
    when = "at the end of epoch 0" if of_epochs else "at the first step"
    return f"The first look comes {when}; this page shows it by itself."


def _again(inside: Inside) -> Tree:
    link = h("a", "Again with changes", href=f"/new?from={inside.experiment_id}")
    return h("p", link, ". The manual's page on introspection lists what can be looked at.")


def title_view(shown: Shown, how: str = "") -> Tree:
    """Above a picture: what it is, and how it is to be read."""
    how = RATIO_WORDS if shown.picture is Picture.RATIO else how
    of = f"{shown.metric} of {shown.name}" if shown.picture.is_of_one else shown.metric
    return h("h2", of, h("span", how, cls="latest") if how else None, cls="chart-title")


def legend_view(chart: Chart) -> Tree:
    """Names beside a bit of their line, first layer to last."""
    known = [line for line in chart.lines if line.has_legend]
    lines = [h("li", swatch(line.color, line.dash), line.name, data_key=line.name) for line in known]
    has_target = any(band.name == TARGET_NAME for band in chart.bands)
    target = h("li", swatch(TARGET_COLOR, "dashed"), "target band", data_key="") if has_target else None
    reached = 0 if len(lines) > MANY_NAMES else None  # so many scroll, by keyboard too
    return h("ul", target, *lines, cls="legend inside-legend", aria_label="What is drawn", tabindex=reached)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) else None


def _percent(share: float) -> str:
    """
    >>> _percent(0.0234), _percent(0.5)
    ('2.3 %', '50 %')
    """
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"
