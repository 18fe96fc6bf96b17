"""Ends a run that no longer improves: Keras' own EarlyStopping, for every metric that a file may watch."""

from __future__ import annotations

from typing import Any

import keras

from nntracker_ray.records import RunSpec
from nntracker_ray.training.learning_rate import more_is_better


class Stopper(keras.callbacks.EarlyStopping):  # type: ignore[misc]  # Keras is untyped
    """EarlyStopping that needs no `mode`: where Keras knows no way for a metric, its name tells."""

    mode: str  # "min", "max" or "auto"

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Settle the way when the metrics are there, as Keras does; it would raise for a true positive."""
        if self.mode == "auto":
            self.mode = "max" if more_is_better(self.model, self.monitor, "auto") else "min"
        super().on_epoch_end(epoch, logs)


def early_stopping(spec: RunSpec) -> Stopper | None:
    """What the run asks for; None: it makes all of its epochs."""
    wanted = spec.early_stopping
    if wanted is None:
        return None
    return Stopper(
        monitor=wanted.monitor,
        patience=wanted.patience,
        min_delta=wanted.min_delta,
        mode=wanted.mode,
        restore_best_weights=wanted.restore_best,
    )
