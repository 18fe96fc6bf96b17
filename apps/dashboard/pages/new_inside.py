"""The part of the form that says what is looked at inside: presets, and single metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button, checkbox
from apps.dashboard.components.trees import Tree
from apps.dashboard.draft_looks import KEY, entries_of, metrics_in, presets_in
from apps.dashboard.drafts import complaint_at
from apps.dashboard.pages.new_fields import Form
from apps.dashboard.pages.new_outcome import looking_words
from nntracker_ray.introspection.catalog import EVERY, Catalog, MetricInfo
from nntracker_ray.introspection.presets import presets


def inside_part(form: Form, catalog: Catalog, cost: float | None) -> Tree:
    """Presets, single metrics, and what they are estimated to cost.

    Args:
        cost: Seconds that they take for each of training; None: not known.
    """
    entries = entries_of(form.draft.tree)
    own = form.wrong.get(KEY, "")
    return h(
        "section",
        h("h2", "Looking inside"),
        h("p", own, cls="wrong", role="alert") if own else None,
        _presets(form, catalog, entries),
        *(_metric(form, index, entry, catalog) for index, entry in metrics_in(entries)),
        _one_more(catalog.metrics.values()),
        h("p", f"{looking_words(cost)}, estimated", cls="about") if cost else None,
        cls="card",
        data_key="Looking inside",
    )


def _presets(form: Form, catalog: Catalog, entries: list[Any]) -> Tree:
    chosen = presets_in(entries)
    lines = []
    for name, preset in presets(catalog).items():
        wrong = form.wrong.get(f"{KEY}.{entries.index(name)}", "") if name in chosen else ""
        label = h("span", h("b", name), " ", h("span", preset.summary, cls="about"))
        box = checkbox(label, checked=name in chosen, act="preset", value=name)
        lines.append(h("div", box, h("p", wrong, cls="wrong", role="alert") if wrong else None))
    return h("div", *lines, role="group", aria_label="Presets", cls="presets")


def _metric(form: Form, index: int, entry: Mapping[str, Any], catalog: Catalog) -> Tree:
    place, name = f"{KEY}.{index}", str(entry.get("metric") or "")
    info = catalog.metrics.get(name)
    wrong = "; ".join(filter(None, (form.wrong.get(place), form.wrong.get(f"{place}.metric"))))
    return h(
        "div",
        _head(index, name, catalog),
        h("p", info.summary, cls="about") if info else None,
        h("p", wrong, cls="wrong", role="alert") if wrong else None,
        _topics(form, place, entry, info) if info and info.allowed else None,
        _when_and_where(form, place, info),
        _arguments(form, place, entry, info),
        cls="entry",
        data_key=f"{place}-{name}",
    )


def _head(index: int, name: str, catalog: Catalog) -> Tree:
    names = sorted({*catalog.metrics, name})
    return h(
        "div",
        h(
            "select",
            *(h("option", one, value=one, selected=True if one == name else None) for one in names),
            value=name,
            data_act=f"rename-look:{index}",
            aria_label=f"metric of the inside {index + 1}",
        ),
        button("Remove", act="remove-look", value=str(index), cls="quiet", aria_label=f"Remove {name}"),
        cls="entry-head",
    )


def _topics(form: Form, place: str, entry: Mapping[str, Any], info: MetricInfo) -> Tree:
    given = entry.get("topics")
    chosen = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    offered = [*info.allowed, *(str(one) for one in chosen if one not in info.allowed)]
    boxes = [
        checkbox(one.replace("_", " "), checked=one in chosen, act=f"topic:{place.split('.')[1]}", value=one)
        for one in offered
    ]
    wrong = complaint_at(form.wrong, f"{place}.topics")
    return h(
        "div",
        *boxes,
        h("small", wrong, cls="wrong", role="alert") if wrong else None,
        h("small", f"{', '.join(info.topics)}, unless others are chosen") if not chosen else None,
        role="group",
        aria_label=f"Topics of {info.name}",
        cls="topics",
    )


def _when_and_where(form: Form, place: str, info: MetricInfo | None) -> Tree:
    epochs = info.default_epochs if info else None
    return h(
        "div",
        form.number(f"{place}.every", "Every … steps", EVERY if epochs is None else ""),
        form.number(f"{place}.every_epochs", "or every … epochs", "" if epochs is None else epochs),
        form.text(f"{place}.layers", "Layers", placeholder="all", hint="Patterns: dense*, conv_1"),
        cls="fields narrow",
    )


def _arguments(form: Form, place: str, entry: Mapping[str, Any], info: MetricInfo | None) -> Tree | None:
    arguments = {one.name: one for one in info.arguments} if info else {}
    conf = entry.get("conf")
    names = dict.fromkeys([*arguments, *(conf if isinstance(conf, Mapping) else ())])
    defaults = {
        one.name: "required" if one.is_required else _shown(one.default) for one in arguments.values()
    }
    fields = [form.text(f"{place}.conf.{name}", name, placeholder=defaults.get(name, "")) for name in names]
    fields += [
        form.text(f"{place}.budget", "Most of the training time", placeholder="0.1"),
        form.text(f"{place}.limit_s", "Most seconds of a look", placeholder="30"),
    ]
    inside = ("conf", "budget", "limit_s")
    is_open = (
        any(complaint_at(form.wrong, f"{place}.{key}") for key in inside) or "required" in defaults.values()
    )
    own = form.wrong.get(f"{place}.conf", "")
    return h(
        "details",
        h("summary", "Arguments and limits"),
        h("p", own, cls="wrong", role="alert") if own else None,
        h("div", *fields, cls="fields narrow"),
        open=True if is_open else None,
        cls="arguments",
    )


def _shown(default: object) -> str:
    return json.dumps(default, default=str)


def _one_more(metrics: Iterable[MetricInfo]) -> Tree:
    begin = "Add a metric of the inside …"
    options = [h("option", one.name, value=one.name, title=one.summary) for one in metrics]
    first = h("option", begin, value="")
    return h(
        "select",
        first,
        *options,
        value="",
        data_act="add-look",
        data_once=True,
        aria_label=begin,
        cls="one-more",
    )
