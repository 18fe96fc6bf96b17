"""What people do on the page of a new experiment, as changes of its draft. All of it comes from the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from apps.dashboard.components.elements import Deed
from apps.dashboard.draft_looks import entries_of, renamed, with_preset, with_topic
from apps.dashboard.draft_values import way_of
from apps.dashboard.drafts import NAMED, Draft
from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.reading import MAX_BYTES
from nntracker_ray.introspection.catalog import PRESET_NAMES


def _put(draft: Draft, place: str, deed: Deed) -> Draft:
    if place.split(".", maxsplit=1)[0] not in ExperimentConfig.model_fields:
        return draft
    if deed.checked is not None:
        return draft.put(place, deed.checked or None)
    value = way_of(place).read(deed.value[:MAX_BYTES])
    # Folds without a number of them mean nothing; stopping early without more said of it does.
    changed = draft.put("folds" if (place, value) == ("folds.count", None) else place, value)
    if place.startswith("early_stopping.") and changed.value("early_stopping") is None:
        return changed.put("early_stopping", True)
    return changed


def _file(draft: Draft, _place: str, deed: Deed) -> Draft:
    return draft if deed.value == draft.text else Draft.of_text(deed.value, draft)


def _kept(draft: Draft, _place: str, deed: Deed) -> Draft:
    return Draft.of_text(deed.value[:MAX_BYTES]) if not draft.text else draft


def _add(draft: Draft, kind: str, deed: Deed) -> Draft:
    if kind not in NAMED or not deed.value:
        return draft
    return draft.with_entries(kind, [*draft.entries(kind), (deed.value[:100], {})])


def _remove(draft: Draft, kind: str, deed: Deed) -> Draft:
    entries = draft.entries(kind) if kind in NAMED else []
    if not deed.value.isdecimal():
        return draft
    return draft.with_entries(kind, [one for no, one in enumerate(entries) if no != int(deed.value)])


def _rename(draft: Draft, place: str, deed: Deed) -> Draft:
    kind, _, number = place.partition(".")
    if kind not in NAMED or not number.isdecimal():
        return draft
    changed = [
        (deed.value[:100], {}) if no == int(number) else one for no, one in enumerate(draft.entries(kind))
    ]
    return draft.with_entries(kind, changed)


def _preset(draft: Draft, _place: str, deed: Deed) -> Draft:
    if deed.value not in PRESET_NAMES or deed.checked is None:
        return draft
    return draft.with_looks(with_preset(entries_of(draft.tree), deed.value, chosen=deed.checked))


def _add_look(draft: Draft, _place: str, deed: Deed) -> Draft:
    return draft.with_looks([*entries_of(draft.tree), deed.value[:100]]) if deed.value else draft


def _remove_look(draft: Draft, _place: str, deed: Deed) -> Draft:
    if not deed.value.isdecimal():
        return draft
    return draft.with_looks([one for no, one in enumerate(entries_of(draft.tree)) if no != int(deed.value)])


def _rename_look(draft: Draft, place: str, deed: Deed) -> Draft:
    if not place.isdecimal() or not deed.value:
        return draft
    return draft.with_looks(renamed(entries_of(draft.tree), int(place), deed.value[:100]))


def _topic(draft: Draft, place: str, deed: Deed) -> Draft:
    if not place.isdecimal() or deed.checked is None:
        return draft
    entries = entries_of(draft.tree)
    return draft.with_looks(with_topic(entries, int(place), deed.value[:100], chosen=deed.checked))


# What changes the draft: from what it was, a place in it, and what one did, to what it is.
CHANGES: Mapping[str, Callable[[Draft, str, Deed], Draft]] = {
    "set": _put,
    "uploaded": _put,
    "file": _file,
    "kept": _kept,
    "add": _add,
    "remove": _remove,
    "rename": _rename,
    "preset": _preset,
    "add-look": _add_look,
    "remove-look": _remove_look,
    "rename-look": _rename_look,
    "topic": _topic,
    "clear": lambda _draft, _place, _deed: Draft(),
    "check": lambda draft, _place, _deed: draft,
}
