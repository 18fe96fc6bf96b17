"""In which order the layers of a model stand: recorded metrics know layers only by name."""

from __future__ import annotations

from collections.abc import Sequence

from nntracker_ray.records import JsonValue
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.lineage_queries import Stretch
from nntracker_ray.storage.sql_files import query


def layer_places(conn: Connection, stretches: Sequence[Stretch]) -> dict[str, int]:
    """Name of a layer -> its place in the model, as far as the run or those before it have told."""
    summary: JsonValue = None
    captured: list[str] = []
    for stretch in reversed(stretches):  # a fork that has not begun yet knows only its parent's
        summary = summary or _summary(conn, stretch.run_no)
        captured = captured or _captured(conn, stretch.run_no)
    return {name: place for place, name in enumerate(merged(_names(summary), captured))}


def merged(summary: Sequence[str], captured: Sequence[str]) -> list[str]:
    """The layers of both lists in one order.

    Args:
        summary: Those that the model has itself, in its order.
        captured: Those that have arrays, in its order, those of models within the model among them.

    >>> merged(["input", "encoder", "dense"], ["conv", "norm", "dense"])
    ['input', 'encoder', 'conv', 'norm', 'dense']
    """
    found: dict[str, None] = {}
    place_of = {name: place for place, name in enumerate(captured)}
    for name in summary:
        found |= dict.fromkeys(captured[: place_of.get(name, 0)])
        found[name] = None
    return list(found | dict.fromkeys(captured))


def place_key(name: str, places: dict[str, int]) -> tuple[int, str]:
    """What to sort a layer by: "" first, in the order of the model, what that does not tell of last, by name."""
    return (-1 if name == "" else places.get(name, len(places))), name


def _summary(conn: Connection, run_no: int) -> JsonValue:
    row = conn.execute(query("run_fact"), {"run_no": run_no, "key": "model_summary"}).fetchone()
    return row[0] if row else None


def _captured(conn: Connection, run_no: int) -> list[str]:
    return [name for (name,) in conn.execute(query("captured_layers"), {"run_no": run_no})]


def _names(summary: JsonValue) -> list[str]:
    layers = summary.get("layers") if isinstance(summary, dict) else None
    return [str(one["name"]) for one in layers or () if isinstance(one, dict) and "name" in one]
