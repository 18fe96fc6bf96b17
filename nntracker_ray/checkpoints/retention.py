"""Which checkpoints a run need not keep any longer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nntracker_ray.checkpoints.info import LAST, CheckpointInfo
from nntracker_ray.records import CheckpointPolicy

# A run goes on from the last one, a fork from its origin, and of the best there is one anyway.
_PRUNED: Final = ("epoch", "pause")


def surplus(infos: Sequence[CheckpointInfo], policy: CheckpointPolicy) -> list[CheckpointInfo]:
    """What is to be removed, oldest first: more of one kind than `keep`, then what exceeds `max_bytes`."""
    removed = [info for kind in _PRUNED for info in _older(infos, kind, policy.keep)]
    kept = [info for info in infos if info not in removed]
    return [*removed, *_exceeding(kept, policy.max_bytes)]


def _older(infos: Sequence[CheckpointInfo], kind: str, keep: int) -> list[CheckpointInfo]:
    of_kind = _oldest_first([info for info in infos if info.kind == kind])
    return of_kind[: max(0, len(of_kind) - keep)]


def _exceeding(infos: Sequence[CheckpointInfo], max_bytes: int | None) -> list[CheckpointInfo]:
    if max_bytes is None:
        return []
    excess = sum(info.bytes for info in infos if info.kind != LAST) - max_bytes
    removed = []
    for info in _oldest_first([info for info in infos if info.kind in _PRUNED]):
        if excess <= 0:
            break
        removed.append(info)
        excess -= info.bytes
    return removed


def _oldest_first(infos: list[CheckpointInfo]) -> list[CheckpointInfo]:
    return sorted(infos, key=lambda info: (info.steps_done, info.name))
