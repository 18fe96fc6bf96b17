"""Whether the initializers and constraints of a layer can work on its arrays, and what they cost."""

from __future__ import annotations

from math import prod

from nntracker_ray.models.kinds import Config, LayerKind, Weight
from nntracker_ray.models.values import RefusedError

_HALF = ("float16", "bfloat16")


def check_initial(kind: LayerKind, config: Config, weight: Weight) -> float:
    """Multiplications that filling the array takes beyond one per entry.

    Raises: RefusedError: the initializer or constraint does not fit an array of this shape.
    """
    stem = _config_stem(kind, weight.tensor)
    _check_constraint(config.get(f"{stem}_constraint"), weight)
    initializer = config.get(f"{stem}_initializer")
    name = initializer["class_name"] if initializer else None
    if name == "Identity" and len(weight.shape) != 2:
        raise RefusedError(f"initializer Identity needs a matrix; {weight.tensor} has shape {weight.shape}")
    return _orthogonal_work(config, weight) if name == "Orthogonal" else 0.0


def _config_stem(kind: LayerKind, tensor: str) -> str:
    """Which configuration keys belong to the array: "recurrent_kernel" -> "recurrent"."""
    last = tensor.rsplit("/", 1)[-1]
    for stem in (last, last.removesuffix("_kernel"), "depthwise"):
        if f"{stem}_initializer" in kind.keys:
            return stem
    return last


def _check_constraint(constraint: Config | None, weight: Weight) -> None:
    given = constraint["config"].get("axis") if constraint else None
    for axis in [] if given is None else given if isinstance(given, list) else [given]:
        if not -len(weight.shape) <= axis < len(weight.shape):
            raise RefusedError(f"constraint axis {axis} is outside {weight.tensor} of shape {weight.shape}")


def _orthogonal_work(config: Config, weight: Weight) -> float:
    """QR decomposition of an m x n matrix: 2 m n^2 (Golub and Van Loan, Matrix Computations, 5.2)."""
    if len(weight.shape) < 2:
        raise RefusedError(
            f"initializer Orthogonal needs two or more dimensions; {weight.tensor} has shape {weight.shape}"
        )
    if config.get("dtype") in _HALF:
        raise RefusedError(
            f"initializer Orthogonal cannot fill {config['dtype']} arrays; set dtype to mixed_{config['dtype']}"
        )
    columns = weight.shape[-1]
    rows = prod(weight.shape[:-1])
    return 2.0 * max(rows, columns) * min(rows, columns) ** 2
