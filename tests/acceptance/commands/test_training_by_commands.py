"""A real training, from the command line alone."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from nntracker_ray.home import Home
from nntracker_ray.storage.server import EmbeddedServer
from tests.acceptance.commands.ended_commands import NNTRACKER, ROOT, process


@pytest.mark.slow
def test_a_training_is_paused_resumed_and_taken_home(tmp_path_factory, tmp_path, monkeypatch):
    """The whole way by command line: it trains, pauses within a batch, goes on, and its model is a file."""
    home = Home(tmp_path_factory.mktemp("working"))
    digits = json.loads((ROOT / "examples" / "digits" / "experiment.json").read_text())
    small = {"learning_rates": [0.01], "optimizers": digits["optimizers"][:1], "total_epochs": 60}
    paths = {
        key: str(ROOT / "examples" / "digits" / digits[key])
        for key in ("model", "dataset_train", "dataset_test")
    }
    file = tmp_path / "experiment.json"
    kept = {key: value for key, value in digits.items() if not key.startswith("k-fold")}
    file.write_text(json.dumps({**kept, **small, **paths, "name": "Taken"}))
    monkeypatch.delenv("NNTRACKER_DATABASE_URL", raising=False)
    env = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}

    with subprocess.Popen(
        [NNTRACKER, "run", str(file), "--json"], env=env, stdout=subprocess.PIPE, text=True
    ) as working:
        try:
            _wait_until_running(home)
            paused = process(home, "pause", "--all", "--json")
            assert paused.returncode == 0, paused.stderr
            assert working.wait(120) == 1  # nothing is at work any more, and not all is finished
        finally:
            working.terminate()
    before = json.loads(process(home, "ls", "--json").stdout)["runs"][0]
    assert before["state"] == "paused"
    assert before["epochs_done"] < 60

    assert process(home, "resume", "Taken").returncode == 0
    again = subprocess.run(
        [NNTRACKER, "run", str(file), "--json"], env=env, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["runs"][0]["epochs"] == 60
    model = tmp_path / "model.keras"
    taken = process(home, "checkpoints", "1", "--download", "best", "--to", model)
    assert taken.returncode == 0, taken.stderr
    assert model.stat().st_size > 1000
    EmbeddedServer(home).destroy()


def _wait_until_running(home: Home) -> None:
    ends_at = time.monotonic() + 200
    while time.monotonic() < ends_at:
        told = process(home, "ls", "--json")
        rows = json.loads(told.stdout)["runs"] if told.returncode == 0 else []
        if any(row["state"] == "running" and row["epochs_done"] >= 1 for row in rows):
            return
        time.sleep(1.0)
    pytest.fail("the run did not begin")
