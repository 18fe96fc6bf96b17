"""Where our actors go on a cluster."""

from __future__ import annotations

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


def beside_us() -> Any:
    """With whoever starts the actor, as long as that node lives: there is the data folder that it looks after."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
