"""What administrators have set for the whole platform."""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.records import JsonValue
from nntracker_ray.storage import json_values
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query


def find_settings(conn: Connection) -> dict[str, JsonValue]:
    """What was set; all else has its default."""
    return {key: json_values.loads(value) for key, value in conn.execute(query("find_settings"))}


def lock_settings(conn: Connection) -> None:
    """Take turns with others who look before they change."""
    conn.execute(query("lock_settings"))


def set_settings(conn: Connection, values: Mapping[str, JsonValue], *, by: str) -> None:
    """Keep choices."""
    for key, value in values.items():
        conn.execute(query("set_setting"), {"key": key, "value": json_values.dumps(value), "by": by})
