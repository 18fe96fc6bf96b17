"""The last capture of a run that is stopped while nobody trains it: its weights come from its checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from nntracker_ray.checkpoints.archive import read_head
from nntracker_ray.checkpoints.weights import named_weights
from nntracker_ray.layer_patterns import is_named
from nntracker_ray.records import Capture, RunSpec


def last_capture(path: Path, spec: RunSpec) -> Capture | None:
    """What the trainer would have captured, had it been asked to stop at this checkpoint.

    None: the run captures no weights, has made no step, or has captured this very moment already; or there is
    no checkpoint, or one of the first release, whose weights have no names.

    Raises: CheckpointError: The file is damaged.
    """
    try:
        epoch = _epoch_to_capture(path) if spec.capture.weights else None
        if epoch is None:
            return None
        head, arrays = named_weights(path, lambda layer: is_named(layer, spec.capture.layers))
    except FileNotFoundError:
        return None
    return Capture(epoch, head["place"]["steps_done"], arrays, datetime.now(UTC))


def _epoch_to_capture(path: Path) -> int | None:
    head = read_head(path)
    place = head["place"]
    begun = place["batches_done"] > 0
    epoch = place["epochs_done"] - (not begun)
    captured = not begun and place["last_capture"] == epoch
    return None if captured or epoch < 0 or "weights" not in head else int(epoch)
