"""Keeps the weights of the best epoch: lowest validation loss, or lowest loss without a validation set."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from nntracker_ray.records import JsonValue
from nntracker_ray.training.saver import BestWeights
from nntracker_ray.training.state import copy_weights


class BestModel:
    """Compares epochs and copies the weights of each better one, for the next checkpoint to write."""

    def __init__(self, facts: Mapping[str, JsonValue] | None = None) -> None:
        self.facts: dict[str, JsonValue] | None = dict(facts) if facts else None
        self._unwritten: BestWeights | None = None

    def offer(self, epoch: int, logs: Mapping[str, float], model: keras.Model) -> None:
        """Look at a complete epoch. NaN is never better; equal is not better."""
        metric = "val_loss" if "val_loss" in logs else "loss"
        value = float(logs.get(metric, float("nan")))
        limit = float("inf") if self.facts is None else self.facts["value"]
        if value < limit:
            self.facts = {"metric": metric, "value": value, "epoch": epoch}
            self._unwritten = BestWeights(self.facts, copy_weights(model))

    def take(self) -> BestWeights | None:
        """The best weights if no checkpoint has taken them yet."""
        taken, self._unwritten = self._unwritten, None
        return taken
