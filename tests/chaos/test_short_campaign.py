"""A short campaign of the chaos suite; `make chaos` runs longer ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.suite.campaign import Campaign
from tests.chaos.suite.checker import verdict
from tests.chaos.suite.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(1500)]

SEED = 20
FAULTS = 6


def test_nothing_is_lost(tmp_path_factory: pytest.TempPathFactory):
    """Whatever strikes: every epoch once, and the bits of the undisturbed twin."""
    folder: Path = tmp_path_factory.mktemp("chaos")
    stage = Stage(folder / "home")
    try:
        stage.start()
        campaign = Campaign(stage, seed=SEED, faults=FAULTS, report=print)
        broken = campaign.run()
    finally:
        stage.close()

    assert verdict(broken, SEED) == f"PASS (seed {SEED})"
    assert sum(campaign.struck.values()) == FAULTS
