"""Folds may be cut from training and validation set together: then the rows of one follow those of the other."""

from dataclasses import replace

import numpy as np

from nntracker_ray.datasets import Encoding, Examples, joined


def _examples(rows: int, *, start: int = 0, groups: bool = False) -> Examples:
    numbers = np.arange(start, start + rows)
    return Examples(
        features=numbers[:, None].astype("float32"),
        labels=numbers,
        feature_names=("number",),
        class_names=None,
        groups=numbers // 2 if groups else None,
        encoding=Encoding(columns=("number",), categories={}, classes=None),
    )


def test_the_rows_of_the_second_follow_those_of_the_first():
    """Stored fold membership counts rows in this order."""
    both = joined(_examples(3), _examples(2, start=3))

    assert both.labels.tolist() == [0, 1, 2, 3, 4]
    assert both.features[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_groups_stay_only_if_both_have_them():
    """Half a grouping would let a group stand on both sides of a cut."""
    with_groups, without = _examples(2, groups=True), _examples(2)

    assert joined(with_groups, with_groups).groups.tolist() == [0, 0, 0, 0]
    assert joined(with_groups, replace(without, groups=None)).groups is None
