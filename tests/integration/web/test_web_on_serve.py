"""The same application as a Ray Serve deployment, and the two mistakes that are made when starting it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from apps.serve import start_web
from nntracker_ray.errors import PlatformError
from tests.web_examples import free_port

STORY = """
import sys, httpx, ray
from apps.serve import start_web, stop_web
home, dsn_file, port = sys.argv[1:]
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
address = start_web(home, open(dsn_file).read(), port=int(port))
print("health", httpx.get(address + "/api/health").json())
print("page", httpx.get(address).headers["location"])
stop_web()
try:
    httpx.get(address + "/api/health")
except httpx.TransportError:
    print("stopped")
ray.shutdown()
"""


@pytest.mark.slow
def test_the_web_app_comes_up_on_serve_and_goes_down_again(tmp_path: Path, database_url: str):
    """What tests see under uvicorn is what the platform serves."""
    secret = tmp_path / "dsn"
    secret.write_text(database_url)
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}

    done = subprocess.run(
        [sys.executable, "-c", STORY, str(tmp_path / "home"), str(secret), str(free_port())],
        env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip

    assert "health {'status': 'ok', 'database': 'up'}" in done.stdout, done.stderr[-3000:]
    assert "page /welcome?next=%2F" in done.stdout
    assert "stopped" in done.stdout
    assert ((tmp_path / "home" / "web_dsn").stat().st_mode & 0o777) == 0o600
    assert ((tmp_path / "home" / "web_secret").stat().st_mode & 0o777) == 0o600


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path):
    """Serve alone would go on without a word, and nobody would find the pages."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PlatformError, match=rf"port {port} .* choose another with --port"):
            start_web(str(tmp_path), "host=nowhere", port=port)
