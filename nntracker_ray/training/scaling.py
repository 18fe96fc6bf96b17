"""Features on a common scale, fitted on the training part only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """scaled = (feature - shift) / width: per column for tables, one number for anything of more axes."""

    kind: str  # "none" | "standard" | "minmax"
    shift: NDArray[np.float64]  # (columns,) or ()
    width: NDArray[np.float64]  # same shape, never 0

    def apply(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """The features scaled, float32, worked out in float64; same shape."""
        if self.kind == "none":
            return np.ascontiguousarray(features, dtype=np.float32)
        return ((features - self.shift) / self.width).astype(np.float32)

    @property
    def fact(self) -> dict[str, JsonValue]:
        """What is recorded, enough to scale other rows alike."""
        if self.kind == "none":
            return {"kind": "none"}
        return {"kind": self.kind, "shift": self.shift.tolist(), "width": self.width.tolist()}


def fit_scaling(kind: str, features: NDArray[Any]) -> Scaling:
    """The scaling of the training part; columns that never change are only shifted.

    Args:
        kind: "none"; "standard": mean 0, (population) standard deviation 1; "minmax": 0 to 1.
        features: (n, columns), or (n, ...) such as images, which get one scale for all their values.
    Raises: BadInputError: Another kind.
    """
    if kind not in ("none", "standard", "minmax"):
        raise BadInputError(f"scaling is {kind!r}; allowed: none, standard, minmax")
    if kind == "none":
        return Scaling(kind, np.zeros(()), np.ones(()))
    values = np.asarray(features, dtype=np.float64)
    over = 0 if values.ndim == 2 else None
    if kind == "standard":
        shift, width = values.mean(axis=over), values.std(axis=over)
    else:
        shift, width = values.min(axis=over), np.ptp(values, axis=over)
    return Scaling(kind, np.asarray(shift), np.where(width > 0, width, 1.0))
