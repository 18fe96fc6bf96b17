"""How alike two layers answer the same points, whatever their units are called: canonical correlations. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def main_directions(activations: NDArray[Any], variance: float) -> NDArray[np.float64]:
    """Orthonormal coordinates of the points along the fewest directions that hold this share of their variance.

    Args:
        activations: (points, units).
        variance: Above 0, at most 1.
    Returns: (points, directions); no directions where nothing varies, or a value is not finite.
    Source: Raghu et al. (2017), section 2, step 1.
    """
    points = np.asarray(activations).astype(np.float64)
    if points.size == 0 or not np.isfinite(points).all():
        return np.zeros((len(points), 0))
    left, singular, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    # Rounding makes a direction of what does not vary.
    varying = singular > np.abs(points).max() * np.finfo(np.float64).eps * max(points.shape)
    energy = np.cumsum(np.where(varying, singular, 0.0) ** 2)
    if not energy[-1] > 0:
        return np.zeros((len(points), 0))
    needed = int(np.searchsorted(energy, variance * energy[-1])) + 1
    kept: NDArray[np.float64] = left[:, : min(needed, int(varying.sum()))]
    return kept


def similarity(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Mean canonical correlation of two sets of orthonormal columns, 0 to 1; NaN where a set is empty.

    Source: Björck, Golub, "Numerical Methods for Computing Angles Between Linear Subspaces" (1973).
    """
    if not one.shape[1] or not other.shape[1] or len(one) != len(other):
        return float("nan")
    correlations = np.linalg.svd(one.T.astype(np.float64) @ other, compute_uv=False)
    return float(np.clip(correlations, 0.0, 1.0).mean())
