"""`python -m tests.chaos.suite`: a campaign of seeded faults; prints PASS, or the first broken rule with the seed."""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tests.chaos.suite.campaign import Campaign
from tests.chaos.suite.checker import verdict
from tests.chaos.suite.stage import Stage


def main() -> int:
    """Returns: 0 when nothing was lost."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed does the same harm in the same order"
    )
    parser.add_argument("--faults", type=int, default=20, help="how many strike before the checker looks")
    parser.add_argument("--keep", action="store_true", help="keep the data folder, to look at what happened")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="nntracker-chaos-"))
    folder.chmod(0o711)  # the database's account passes through
    stage = Stage(folder)
    began_s = time.monotonic()
    try:
        stage.start()
        campaign = Campaign(stage, seed=chosen.seed, faults=chosen.faults, report=_say)
        broken = campaign.run()
        _say_times(campaign)
    finally:
        if not chosen.keep:
            stage.close()
            shutil.rmtree(folder, ignore_errors=True)
    for one in broken[:20]:
        _say(str(one))
    _say(
        f"{sum(campaign.struck.values())} faults on {len(campaign.pairs)} runs in {time.monotonic() - began_s:.0f} s"
    )
    _say(verdict(broken, chosen.seed))
    return 1 if broken else 0


def _say(line: str) -> None:
    print(line, flush=True)


def _say_times(campaign: Campaign) -> None:
    """How long it took until an epoch was made again, by kind of fault."""
    by_fault: defaultdict[str, list[float]] = defaultdict(list)
    for fault, seconds in campaign.back_after_s:
        by_fault[fault].append(seconds)
    _say(f"{'fault':<32}{'times':>6}{'median s':>10}{'longest s':>10}")
    for fault, seconds_each in sorted(by_fault.items()):
        _say(
            f"{fault:<32}{len(seconds_each):>6}{statistics.median(seconds_each):>10.1f}{max(seconds_each):>10.1f}"
        )


if __name__ == "__main__":
    sys.exit(main())
