"""A checkpoint as a `.keras` file that plain Keras loads. Run as a process of its own: it loads TensorFlow.

    python -m nntracker_ray.training.export CHECKPOINT MODEL_JSON OUT.keras

MODEL_JSON is the file with the model's description. The file is compiled with the run's optimizer and loss, the
optimizer with its memory, where Keras takes both; else the model comes without.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import keras

from nntracker_ray.errors import CheckpointError, NNTrackerError
from nntracker_ray.models.load import build_model
from nntracker_ray.models.objects import make_loss, make_optimizer
from nntracker_ray.records import NamedConf
from nntracker_ray.training.checkpoint import Checkpoint, read_any_checkpoint
from nntracker_ray.training.state import restore_state, restore_weights

_log = logging.getLogger(__name__)


def exported_model(checkpoint: Checkpoint, model_json: str) -> keras.Model:
    """A live model with the weights of a checkpoint.

    Raises:
        ModelError: The description cannot be built.
        CheckpointError: The checkpoint is of another model.
    """
    model = build_model(model_json)
    try:
        _compile(model, checkpoint)
        restore_state(model, checkpoint.arrays)
    except Exception as error:
        # Optimizer and loss are an addition; what was asked for are the weights.
        _log.warning("exported without optimizer and loss: %s", error)
        model = build_model(model_json)
        restore_weights(model, checkpoint.arrays)
    return model


def export(checkpoint_path: Path, model_json: str, out: Path) -> None:
    """Write the model as `out`, which ends in `.keras`; it is there whole or not at all.

    Raises:
        NotFoundError, CheckpointError, ModelError: As `exported_model`, or there is no checkpoint.
        OSError: It could not be written.
    """
    checkpoint = read_any_checkpoint(checkpoint_path)
    if checkpoint is None:
        raise CheckpointError(f"there is no checkpoint {checkpoint_path}; list the run's checkpoints")
    model = exported_model(checkpoint, model_json)
    aside = out.with_name(f".{out.stem}.aside.keras")
    try:
        model.save(aside)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _compile(model: keras.Model, checkpoint: Checkpoint) -> None:
    configuration = checkpoint.configuration
    model.compile(
        optimizer=make_optimizer(NamedConf(**configuration["optimizer"]), configuration["learning_rate"]),
        loss=make_loss(NamedConf(**configuration["loss_function"])),
    )
    model.optimizer.build(model.trainable_variables)


def main() -> int:
    """Export as the arguments say. Returns 0, or 2 with the reason on stderr."""
    checkpoint, model_json, out = (Path(argument) for argument in sys.argv[1:4])
    try:
        export(checkpoint, model_json.read_text(), out)
    except (NNTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
