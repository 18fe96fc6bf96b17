"""Where no platform runs, a command serves itself; notebooks and tests have more in their process than that."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from apps.own_server import own_api
from nntracker_ray.home import Home


class OwningHandler(logging.StreamHandler[io.StringIO]):
    """Closes its stream when it is closed, as that of TensorFlow's log does."""

    def close(self) -> None:
        self.stream.close()
        super().close()


def test_logs_of_the_process_stay_open(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch):
    """What others log to is theirs, before, meanwhile and after."""
    monkeypatch.setenv("NNTRACKER_DATABASE_URL", database_url)
    handler = OwningHandler(io.StringIO())
    logging.getLogger("of others").addHandler(handler)
    try:
        with own_api(Home(tmp_path / "home").create()) as api:
            api.read(dict, "/api/runs")

        assert not handler.stream.closed
    finally:
        logging.getLogger("of others").removeHandler(handler)
