"""One file that holds everything needed to go on as if never interrupted.

The head says where the run stands, whose it is, and which array is which weight; `checkpoints.archive` says how
arrays become a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from numpy.typing import NDArray

from nntracker_ray.checkpoints.archive import damaged, read_archive, write_archive
from nntracker_ray.errors import CheckpointError
from nntracker_ray.records import JsonValue, RunSpec, to_json
from nntracker_ray.training.atomic_file import FileSteps

# What may change between two attempts without changing a bit of what was trained so far.
_FREE_FIELDS: Final = frozenset(
    {"name", "position", "configuration_index", "repeat", "tags", "resources", "checkpoint_period"}
    | {"total_epochs", "capture", "test", "experiment_id", "run_id"}
    | {"checkpoints", "origin", "priority", "introspection"}
)
# Added after checkpoints had been written: counted only where it is used, so that those stay valid.
_LATER_FIELDS: Final = {"schedule": None}
# What the epoch begun depends on; without the learning rate, which may change between any two batches.
_EPOCH_FIELDS: Final = frozenset(
    {"seed", "batch_size", "train", "validation", "split", "fold", "one_hot", "scaling"}
    | {"loss_function", "extra_metrics"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands between two batches."""

    epochs_done: int = 0  # complete epochs, validation included
    batches_done: int = 0  # of the epoch begun, 0 at its start
    steps_done: int = 0  # optimizer updates since the start of the run
    epoch_s: float = 0.0  # seconds already spent in the epoch begun
    elapsed_s: float = 0.0  # seconds spent training since the start of the run, pauses left out
    stopped_early: bool = False  # by EarlyStopping: no epoch is left to make
    last_capture: int | None = None  # epoch of the newest capture
    first_non_finite: dict[str, JsonValue] | None = None  # {"metric": ..., "epoch": ...}


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A run at one moment. Arrays: `model/3`, `optimizer/0`, `metrics/1`, `best/2`, in Keras' own order."""

    run_id: UUID
    spec_digest: str  # `spec_digest(spec)`
    place: Place
    arrays: Mapping[str, NDArray[Any]]
    callbacks: dict[str, JsonValue] = field(default_factory=dict)
    environment: dict[str, JsonValue] = field(
        default_factory=dict
    )  # versions and threads it was trained with
    weights: tuple[
        tuple[int, str, str, str], ...
    ] = ()  # (0, "dense", "kernel", "model/0"): which array is which
    configuration: dict[str, JsonValue] = field(default_factory=dict)  # optimizer, loss, learning rate
    total_epochs: int = 0  # as planned at that moment
    epoch_digest: str = ""  # `epoch_digest(spec)`
    created_at: str = ""  # UTC, ISO 8601
    run_no: int | None = None  # the database's number of the run; None: written without knowing it


def spec_digest(spec: RunSpec) -> str:
    """Digest of all that determines the bits of a training; names, tags and the number of epochs do not."""
    fields = json.loads(to_json(spec))
    kept = {
        name: value
        for name, value in fields.items()
        if name not in _FREE_FIELDS and not (name in _LATER_FIELDS and value == _LATER_FIELDS[name])
    }
    return _digest(kept)


def epoch_digest(spec: RunSpec) -> str:
    """Digest of all that an epoch's batches and averages depend on: equal ones may go on amid each other's."""
    fields = json.loads(to_json(spec))
    fields["loss_function"] = fields["configuration"]["loss_function"]
    return _digest({name: fields[name] for name in _EPOCH_FIELDS})


def write_checkpoint(
    path: Path, checkpoint: Checkpoint, steps: FileSteps | None = None, *, also: Sequence[Path] = ()
) -> None:
    """Put the checkpoint in the place of the older one, atomically.

    Args:
        also: Further names for it in the same folder, in place before `path` is.
    Raises: CheckpointError: It could not be written (DiskFullError: no room); the older one is untouched.
    """
    head = {
        "run_id": str(checkpoint.run_id),
        "run_no": checkpoint.run_no,
        "spec_digest": checkpoint.spec_digest,
        "place": asdict(checkpoint.place),
        "callbacks": checkpoint.callbacks,
        "environment": checkpoint.environment,
        "weights": checkpoint.weights,
        "configuration": checkpoint.configuration,
        "total_epochs": checkpoint.total_epochs,
        "epoch_digest": checkpoint.epoch_digest,
        "created_at": checkpoint.created_at or None,
    }
    write_archive(path, head, checkpoint.arrays, steps, also=also)


def read_checkpoint(path: Path, *, spec: RunSpec) -> Checkpoint | None:
    """The checkpoint of a run, or None when there is none yet.

    Raises: CheckpointError: The file is torn or damaged, of another run, of other settings, or of a newer
        NNTracker.
    """
    checkpoint = read_any_checkpoint(path)
    if checkpoint is not None:
        _check_owner(path, checkpoint, spec)
    return checkpoint


def read_any_checkpoint(path: Path) -> Checkpoint | None:
    """A checkpoint of whichever run, or None when the file is not there.

    Raises: CheckpointError: It is torn, damaged, or of a newer NNTracker.
    """
    try:
        head, arrays = read_archive(path)
        return Checkpoint(
            run_id=UUID(head["run_id"]),
            spec_digest=head["spec_digest"],
            place=Place(**head["place"]),
            arrays=arrays,
            callbacks=head["callbacks"],
            environment=head["environment"],
            # What follows is not in files of the first release.
            weights=tuple(
                (index, layer, tensor, name) for index, layer, tensor, name in head.get("weights", ())
            ),
            configuration=head.get("configuration", {}),
            total_epochs=head.get("total_epochs", 0),
            epoch_digest=head.get("epoch_digest", ""),
            created_at=head.get("created_at") or "",
            run_no=head.get("run_no"),
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, error) from error


def _check_owner(path: Path, checkpoint: Checkpoint, spec: RunSpec) -> None:
    if checkpoint.run_id != spec.run_id:
        raise CheckpointError(f"{path} belongs to run {checkpoint.run_id}, not to {spec.run_id}")
    if checkpoint.spec_digest != spec_digest(spec):
        raise CheckpointError(
            f"{path} was trained with other settings than run {spec.run_id} has now; "
            "going on from it would mix two trainings. Submit a new run, or delete the file to begin again."
        )


def _digest(content: dict[str, JsonValue]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
