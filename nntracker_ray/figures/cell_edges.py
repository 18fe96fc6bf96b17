"""Where the cells of a heat map begin and end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cell_edges(places: NDArray[Any]) -> NDArray[np.float64]:
    """Each cell reaches half the way to its neighbours.

    Args:
        places: Ascending, (n,).
    Returns: (n + 1,); empty for none.
    """
    at = places.astype(np.float64)
    if len(at) < 2:
        return np.concatenate([at - 0.5, at + 0.5])
    middles = (at[:-1] + at[1:]) / 2
    return np.concatenate([[2 * at[0] - middles[0]], middles, [2 * at[-1] - middles[-1]]])
