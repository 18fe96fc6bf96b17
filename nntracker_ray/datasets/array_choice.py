"""Which arrays of an NPZ are features and labels."""

from __future__ import annotations

from dataclasses import dataclass

from nntracker_ray.datasets.stored import StoredDataset, listed
from nntracker_ray.errors import DatasetError
from nntracker_ray.records import DatasetRef

_USUAL_PAIRS = (
    ("x_train", "y_train"),
    ("x_test", "y_test"),
    ("x_val", "y_val"),
    ("x", "y"),
    ("features", "labels"),
    ("images", "labels"),
    ("data", "labels"),
    ("data", "target"),
)


@dataclass(frozen=True, slots=True)
class ArrayChoice:
    """The names of two arrays."""

    features: str
    labels: str
    notes: tuple[str, ...] = ()


def choose_arrays(stored: StoredDataset, ref: DatasetRef, group: str | None) -> ArrayChoice:
    """The arrays named in `ref`; where it names none, the one usual pair, or the only two arrays there are.

    Raises: DatasetError: A name that is not there, or no clear choice; the message lists the arrays.
    """
    if group is not None:
        stored.column(group)
    names = [column.name for column in stored.columns if column.name != group]
    if ref.feature_name and ref.label_name:
        return ArrayChoice(stored.column(ref.feature_name).name, stored.column(ref.label_name).name)
    pair = _usual_pair(names, ref) or _only_two(stored, names, ref)
    if pair is None:
        arrays = [f"{column.name} {column.shape}" for column in stored.columns]
        raise DatasetError(
            f"which arrays are features and labels? Name them (train_feature_name, train_label_name and their "
            f"test_ and val_ kin); there are: {listed(arrays)}"
        )
    features, labels = pair
    return ArrayChoice(features, labels, (f"took {features!r} as features and {labels!r} as labels",))


def _usual_pair(names: list[str], ref: DatasetRef) -> tuple[str, str] | None:
    by_lower = {name.lower(): name for name in names}
    pairs = [(by_lower[x], by_lower[y]) for x, y in _USUAL_PAIRS if x in by_lower and y in by_lower]
    fitting = [pair for pair in pairs if _fits(pair, ref)]
    return fitting[0] if len(fitting) == 1 else None


def _only_two(stored: StoredDataset, names: list[str], ref: DatasetRef) -> tuple[str, str] | None:
    """Features have more axes than labels; with as many, the first array is the features."""
    if len(names) != 2:
        return None
    axes = {name: len(stored.column(name).shape) for name in names}
    pair = tuple(sorted(names, key=lambda name: -axes[name]))
    candidates = [pair, pair[::-1]]
    return next(((x, y) for x, y in candidates if _fits((x, y), ref)), None)


def _fits(pair: tuple[str, str], ref: DatasetRef) -> bool:
    """Whether the pair respects the one name that was given, if any."""
    return ref.feature_name in (None, pair[0]) and ref.label_name in (None, pair[1])
