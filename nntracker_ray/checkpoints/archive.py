"""A file of named arrays with a head: an ordinary NPZ that NumPy opens without pickle.

NPZ is NumPy's own format: a ZIP of arrays, each with its CRC-32. The first member, `head`, is JSON; under
"arrays" it has the dtype and shape of every other one.
"""

from __future__ import annotations

import errno
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import CheckpointError, DiskFullError
from nntracker_ray.records import JsonValue
from nntracker_ray.training.atomic_file import FileSteps, replace_file

FORMAT: Final = 1
_HEAD: Final = "head"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_archive(
    path: Path,
    head: Mapping[str, JsonValue],
    arrays: Mapping[str, NDArray[Any]],
    steps: FileSteps | None = None,
    *,
    also: Sequence[Path] = (),
) -> None:
    """Put head and arrays in the place of the older file, atomically; `also` names it once more, before.

    Raises:
        DiskFullError: There is no room; the older file is untouched.
        CheckpointError: It could not be written for another reason; the same holds.
    """
    with_format = {"format": FORMAT, **head}
    try:
        replace_file(path, lambda file: _fill(file, with_format, arrays), steps, also=also)
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: OSError) -> CheckpointError:
    """The error to raise for a file that could not be put in place."""
    kind = DiskFullError if error.errno in _FULL else CheckpointError
    return kind(
        f"{path} could not be written ({error}); the older one is untouched. Free space on that disk."
    )


def read_archive(
    path: Path, wanted: Callable[[str], bool] = lambda _: True
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The head, and the arrays with a name that is wanted.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is torn, damaged, or of a newer NNTracker.
    """
    return _opened(path, wanted)


def read_head(path: Path, file: BinaryIO | None = None) -> dict[str, Any]:
    """The head alone; the arrays stay unread. Raises: as `read_archive`.

    Args:
        file: What to read instead, where `path` is only what it is called.
    """
    return _opened(path, lambda _: False, file)[0]


def damaged(path: Path, error: Exception) -> CheckpointError:
    """The error to raise for a file with a content that cannot be."""
    return CheckpointError(f"{path} is torn or damaged ({error!r:.200}); delete it to begin the run again")


def _opened(
    path: Path, wanted: Callable[[str], bool], file: BinaryIO | None = None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with zipfile.ZipFile(file or path) as members:
            head = json.loads(_member(members, _HEAD).tobytes())
            _check_format(path, head["format"])
            kinds = {name: kind for name, kind in head.pop("arrays").items() if wanted(name)}
            return head, {name: _array(members, name, *kind) for name, kind in kinds.items()}
    except (FileNotFoundError, CheckpointError):
        raise
    except Exception as error:  # a damaged ZIP or NPY raises nearly anything
        raise damaged(path, error) from error


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
