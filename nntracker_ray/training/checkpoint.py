"""One file that holds everything needed to go on as if never interrupted.

An ordinary NPZ (NumPy's own format: a ZIP of arrays, each with its CRC-32), read without pickle. The first
member, `head`, is JSON: where the run stands, whose it is, and the dtype and shape of every array.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import CheckpointError
from nntracker_ray.records import JsonValue, RunSpec, to_json
from nntracker_ray.training.atomic_file import FileSteps, replace_file

FORMAT: Final = 1
_HEAD: Final = "head"
# What may change between two attempts without changing a bit of what was trained so far.
_FREE_FIELDS: Final = frozenset(
    {"name", "position", "configuration_index", "repeat", "tags", "resources", "checkpoint_period"}
    | {"total_epochs", "capture", "test", "experiment_id", "run_id"}
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
    arrays: dict[str, NDArray[Any]]
    callbacks: dict[str, JsonValue] = field(default_factory=dict)
    environment: dict[str, JsonValue] = field(
        default_factory=dict
    )  # versions and threads it was trained with


def spec_digest(spec: RunSpec) -> str:
    """Digest of all that determines the bits of a training; names, tags and the number of epochs do not."""
    fields = json.loads(to_json(spec))
    kept = {name: value for name, value in fields.items() if name not in _FREE_FIELDS}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def write_checkpoint(path: Path, checkpoint: Checkpoint, steps: FileSteps | None = None) -> None:
    """Put the checkpoint in the place of the older one, atomically.

    Raises: CheckpointError: It could not be written (disk full, no right to); the older one is untouched.
    """
    head = {
        "format": FORMAT,
        "run_id": str(checkpoint.run_id),
        "spec_digest": checkpoint.spec_digest,
        "place": asdict(checkpoint.place),
        "callbacks": checkpoint.callbacks,
        "environment": checkpoint.environment,
    }
    _replace(path, head, checkpoint.arrays, steps)


def read_checkpoint(path: Path, *, spec: RunSpec) -> Checkpoint | None:
    """The checkpoint of a run, or None when there is none yet.

    Raises: CheckpointError: The file is torn or damaged, of another run, of other settings, or of a newer
        NNTracker.
    """
    try:
        head, arrays = _read(path)
        checkpoint = Checkpoint(
            run_id=UUID(head["run_id"]),
            spec_digest=head["spec_digest"],
            place=Place(**head["place"]),
            arrays=arrays,
            callbacks=head["callbacks"],
            environment=head["environment"],
        )
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error
    _check_owner(path, checkpoint, spec)
    return checkpoint


def write_weights(path: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, JsonValue]) -> None:
    """Keep a model's weights by name as an NPZ, atomically, with facts in its head.

    Raises: CheckpointError: It could not be written.
    """
    _replace(path, {"format": FORMAT, **facts}, arrays, None)


def read_weights(path: Path) -> tuple[dict[str, JsonValue], dict[str, NDArray[Any]]]:
    """Facts and weights from `write_weights`.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is torn or damaged.
    """
    return _read(path)


def _replace(
    path: Path, head: Mapping[str, JsonValue], arrays: Mapping[str, NDArray[Any]], steps: FileSteps | None
) -> None:
    try:
        replace_file(path, lambda file: _fill(file, head, arrays), steps)
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be written ({error}); the older one is untouched. Free space on that disk."
        ) from error


def _fill(file: BinaryIO, head: Mapping[str, JsonValue], arrays: Mapping[str, NDArray[Any]]) -> None:
    kinds = {name: [array.dtype.name, list(array.shape)] for name, array in arrays.items()}
    text = json.dumps({**head, "arrays": kinds}).encode()
    members = {_HEAD: np.frombuffer(text, np.uint8)} | {n: _as_plain(a) for n, a in arrays.items()}
    np.savez(file, allow_pickle=False, **members)


def _as_plain(array: NDArray[Any]) -> NDArray[Any]:
    # NPY has no name for bfloat16 and its like: their bytes are kept, their dtype stands in the head.
    if array.dtype.isbuiltin == 1:
        return array
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with zipfile.ZipFile(path) as members:
            head = json.loads(_member(members, _HEAD).tobytes())
            _check_format(path, head["format"])
            kinds = head.pop("arrays")
            return head, {name: _array(members, name, *kind) for name, kind in kinds.items()}
    except (FileNotFoundError, CheckpointError):
        raise
    except Exception as error:  # a damaged ZIP or NPY raises nearly anything
        raise _damaged(path, error) from error


def _array(members: zipfile.ZipFile, name: str, dtype: str, shape: list[int]) -> NDArray[Any]:
    array = _member(members, name)
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    if kind.isbuiltin != 1:
        array = array.view(kind).reshape(shape)
    if array.dtype != kind or list(array.shape) != shape:
        raise ValueError(f"{name} is {array.dtype}{list(array.shape)}, the head says {dtype}{shape}")
    return array


def _member(members: zipfile.ZipFile, name: str) -> NDArray[Any]:
    # Read whole, because the CRC is looked at only at the end of a member.
    content = io.BytesIO(members.read(f"{name}.npy"))
    array: NDArray[Any] = np.lib.format.read_array(content, allow_pickle=False)
    return array


def _check_format(path: Path, number: int) -> None:
    if number > FORMAT:
        raise CheckpointError(f"{path} has format {number}, this NNTracker reads up to {FORMAT}. Update it.")


def _check_owner(path: Path, checkpoint: Checkpoint, spec: RunSpec) -> None:
    if checkpoint.run_id != spec.run_id:
        raise CheckpointError(f"{path} belongs to run {checkpoint.run_id}, not to {spec.run_id}")
    if checkpoint.spec_digest != spec_digest(spec):
        raise CheckpointError(
            f"{path} was trained with other settings than run {spec.run_id} has now; "
            "going on from it would mix two trainings. Submit a new run, or delete the file to begin again."
        )


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} is torn or damaged ({error!r:.200}); delete it to begin the run again")
