"""Finds the best epoch of a run by one metric, and holds its state until that is on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nntracker_ray.records import CheckpointPolicy, JsonValue
from nntracker_ray.training.checkpoint import Checkpoint

# Parts of the names of metrics that are better when higher; all others are better when lower.
HIGHER_IS_BETTER: Final = (
    *("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "io_u", "r2", "similarity", "sensitivity"),
    *("specificity", "true_positives", "true_negatives", "correlation"),
)


class BestModel:
    """Compares complete epochs by the metric of the policy: validation loss, or loss, where it names none."""

    def __init__(self, policy: CheckpointPolicy, facts: Mapping[str, JsonValue] | None = None) -> None:
        self._policy = policy
        self.facts: dict[str, JsonValue] | None = (
            dict(facts) if facts else None
        )  # {"metric", "value", "epoch"}
        self.monitored: dict[str, JsonValue] | None = None  # {"metric", "value"} of the last complete epoch
        self._unwritten: Checkpoint | None = None
        self._trouble: str | None = None

    def offer(self, epoch: int, logs: Mapping[str, float]) -> bool:
        """Look at a complete epoch. Whether it is the best so far: NaN is never better, equal is not better."""
        metric = self._policy.best or ("val_loss" if "val_loss" in logs else "loss")
        if metric not in logs and self.monitored is None:
            self._trouble = (
                f"no best checkpoint is kept: {metric!r} is not measured; there is {', '.join(logs)}"
            )
        value = float(logs.get(metric, float("nan")))
        self.monitored = {"metric": metric, "value": value if abs(value) < float("inf") else None}
        if not self._is_better(metric, value):
            return False
        self.facts = {"metric": metric, "value": value, "epoch": epoch}
        return True

    def take_trouble(self) -> str | None:
        """Why no epoch can be the best, told once."""
        taken, self._trouble = self._trouble, None
        return taken

    def hold(self, checkpoint: Checkpoint) -> None:
        """Keep the state at the end of the best epoch for the next turn of the saver."""
        self._unwritten = checkpoint

    def take(self) -> Checkpoint | None:
        """The state at the best epoch if no turn of the saver has taken it yet."""
        taken, self._unwritten = self._unwritten, None
        return taken

    def _is_better(self, metric: str, value: float) -> bool:
        sign = -1.0 if higher_is_better(metric, self._policy.mode) else 1.0
        limit = float("inf") if self.facts is None else sign * float(self.facts["value"])
        return sign * value < limit


def higher_is_better(metric: str, mode: str) -> bool:
    """Which way a metric is better. `mode` "auto" goes by its name: accuracy and its like, else lower."""
    if mode != "auto":
        return mode == "max"
    return any(part in metric.lower() for part in HIGHER_IS_BETTER)
