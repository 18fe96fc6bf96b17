"""PostgreSQL's text has no NUL character: whoever sends one is told so, and nothing breaks."""

from __future__ import annotations

import pytest

from nntracker_ray.errors import UnstorableTextError
from nntracker_ray.storage.connection import Database


@pytest.mark.parametrize(
    ("statement", "value"),
    [("SELECT %s::text", "a\x00b"), ("SELECT %s::jsonb", '{"name": "a\\u0000b"}')],
)
def test_a_nul_is_the_senders_mistake(database: Database, statement: str, value: str):
    """Not the server's: it is no reason for an alarm, and sending it again does not help."""
    with pytest.raises(UnstorableTextError, match="NUL"), database.connection() as conn:
        conn.execute(statement, [value])
    with database.connection() as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
