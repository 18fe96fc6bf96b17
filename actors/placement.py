"""Where our actors go on a cluster."""

from __future__ import annotations

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


def beside_us() -> Any:
    """On the node of whoever starts the actor, also when it starts anew: there is the data folder it looks after.

    When that node dies the platform is gone as well, and a new one starts its own.
    """
    # Not soft: Ray 2.60 puts a soft one that asks for no CPU on any node, though ours has room.
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
