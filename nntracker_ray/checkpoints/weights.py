"""The weights in a checkpoint by layer and tensor, found without Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.checkpoints.archive import not_written, read_archive
from nntracker_ray.errors import CheckpointError
from nntracker_ray.records import WeightArray
from nntracker_ray.training.atomic_file import replace_file


def named_weights(
    path: Path, wanted: Callable[[str], bool] = lambda _: True
) -> tuple[dict[str, Any], tuple[WeightArray, ...]]:
    """The head of a checkpoint, and its weights in the order of the layers.

    Args:
        wanted: Whether the weights of the layer of this name are to be read.
    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It is damaged, or written by the first release, which did not name them.
    """
    head, arrays = read_archive(path, lambda name: name.startswith("model/"))
    if "weights" not in head:
        raise CheckpointError(
            f"{path} was written by an earlier version, which did not name its weights; resume the run, and its "
            "next checkpoint does"
        )
    found = [
        WeightArray(index, layer, tensor, arrays[name]) for index, layer, tensor, name in head["weights"]
    ]
    return head, tuple(weight for weight in found if wanted(weight.layer_name))


def export_weights(path: Path, out: Path) -> None:
    """Write the weights of a checkpoint as an NPZ with an array per tensor: `dense_4/kernel`.

    Numbers of kinds that NumPy has no name for (bfloat16) are widened to float32.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        CheckpointError: It cannot be read, or the NPZ not be written.
    """
    _, weights = named_weights(path)
    arrays = {f"{weight.layer_name}/{weight.tensor}": _readable(weight.array) for weight in weights}

    def fill(file: BinaryIO) -> None:
        np.savez(file, allow_pickle=False, **arrays)

    try:
        replace_file(out, fill)
    except OSError as error:
        raise not_written(out, error) from error


def _readable(array: NDArray[Any]) -> NDArray[Any]:
    return array if array.dtype.isbuiltin == 1 else array.astype(np.float32)
