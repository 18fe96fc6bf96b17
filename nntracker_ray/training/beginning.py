"""Where an attempt begins: at its last checkpoint, at the checkpoint that it was forked from, or at nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import keras

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.info import LAST, ORIGIN
from nntracker_ray.errors import CheckpointError, NotFoundError
from nntracker_ray.records import JsonValue, Origin, RunSpec
from nntracker_ray.training.checkpoint import (
    Checkpoint,
    Place,
    epoch_digest,
    read_any_checkpoint,
    read_checkpoint,
)
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.state import restore_optimizer, restore_state, restore_weights


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """What an attempt goes on from."""

    checkpoint: Checkpoint | None  # None: new weights
    forked_from: Origin | None = None  # the checkpoint is the parent's, and this is the fork's first attempt

    @property
    def place(self) -> Place:
        """Where the run stands."""
        return self.checkpoint.place if self.checkpoint else Place()


def beginning(spec: RunSpec, folder: CheckpointFolder) -> Beginning:
    """Find what to go on from.

    Raises: CheckpointError: A checkpoint cannot be used, or that of a fork's parent is nowhere or leaves nothing to
        train.
    """
    folder.discard_others()
    if last := read_checkpoint(folder.path(LAST), spec=spec):
        return Beginning(_extended(last, spec))
    if spec.origin is None:
        return Beginning(None)
    inherited = _inherited(_read_origin(spec.origin, folder), spec)
    if (epochs := inherited.place.epochs_done) >= spec.total_epochs:
        raise CheckpointError(
            f"checkpoint {spec.origin.checkpoint!r} of run {spec.origin.run_id} has {epochs} epochs by now, and "
            f"total_epochs is {spec.total_epochs}: nothing is left to train. Fork that run again at an "
            "earlier checkpoint or with a greater total_epochs"
        )
    return Beginning(inherited, forked_from=spec.origin)


def enter(model: keras.Model, start: Beginning, data: TrainingData) -> dict[str, JsonValue]:
    """Give the model what the checkpoint holds. Returns what a fork has taken over, as a fact.

    Raises: CheckpointError: The checkpoint is of another model.
    """
    checkpoint = start.checkpoint
    if checkpoint is None:
        return {}
    if checkpoint.place.batches_done:
        # Running metrics get their variables with the first batch; this one leaves no other trace, because
        # everything is restored after it.
        model.test_on_batch(data.x_train[:1], data.y_train[:1])
        model.reset_metrics()
    if start.forked_from is None:
        restore_state(model, checkpoint.arrays)
        return {}
    restore_weights(model, checkpoint.arrays)
    return {
        "run_id": str(start.forked_from.run_id),
        "checkpoint": start.forked_from.checkpoint,
        "optimizer": _take_over_optimizer(model, checkpoint),
    }


def _take_over_optimizer(model: keras.Model, checkpoint: Checkpoint) -> str:
    """Restore the optimizer's memory where it is of the same kind; its learning rate stays the fork's own."""
    theirs = checkpoint.configuration.get("optimizer", {}).get("name")
    ours = type(model.optimizer).__name__
    if theirs is None:
        return "fresh: the parent's checkpoint does not say which optimizer it had"
    if theirs != ours:
        return f"fresh: the parent had {theirs}"
    try:
        restore_optimizer(model, checkpoint.arrays)
    except CheckpointError as error:
        return f"fresh: {error}"
    return "the parent's"


def _extended(last: Checkpoint, spec: RunSpec) -> Checkpoint:
    """The run's own checkpoint. One that EarlyStopping has ended goes on when it was given more epochs."""
    memory = last.callbacks.get("early_stopping") or {}
    was_stopped = last.place.stopped_early or memory.get("stopped_epoch", 0) > 0
    if not was_stopped or not last.total_epochs or spec.total_epochs <= last.total_epochs:
        return last
    anew = {**memory, "wait": 0, "stopped_epoch": 0}
    return replace(
        last,
        place=replace(last.place, stopped_early=False),
        callbacks={**last.callbacks, "early_stopping": anew if memory else None},
    )


def _inherited(parent: Checkpoint, spec: RunSpec) -> Checkpoint:
    """The parent's checkpoint as a fork enters it: of callbacks only the learning rate is remembered."""
    place = replace(parent.place, stopped_early=False, first_non_finite=None)
    arrays = {name: array for name, array in parent.arrays.items() if not name.startswith("early_stopping/")}
    if parent.epoch_digest != epoch_digest(spec):
        # Its rows would come in another order or otherwise: the epoch begun is begun again.
        place = replace(place, batches_done=0, epoch_s=0.0)
        arrays = {name: array for name, array in arrays.items() if not name.startswith("metrics/")}
    kept = {name: memory for name, memory in parent.callbacks.items() if name == "learning_rate"}
    return replace(parent, place=place, arrays=arrays, callbacks=kept)


def _read_origin(origin: Origin, folder: CheckpointFolder) -> Checkpoint:
    parent = folder.beside(origin.run_id, origin.run_no)
    if not folder.has(ORIGIN):
        # A later attempt must begin at the same place, whatever the parent has by then.
        with suppress(NotFoundError):
            parent.keep_for_fork(origin.checkpoint, folder.run_id)
    for place, name in ((folder, ORIGIN), (parent, origin.checkpoint)):
        if place.has(name) and (found := read_any_checkpoint(place.path(name))):
            return found
    raise CheckpointError(
        f"run {folder.run_id} begins at checkpoint {origin.checkpoint!r} of run {origin.run_id}, which is neither "
        f"{folder.path(ORIGIN)} nor {parent.path(origin.checkpoint)}; fork that run again at a checkpoint it still has"
    )
