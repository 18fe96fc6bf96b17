"""Write the example data again, bit for bit, from the data sets that come inside scikit-learn.

    python examples/make_data.py [folder]

digits (UCI optical recognition of handwritten digits, 1,797 images of 8 x 8 grey values 0-16), diabetes (Efron et
al. 2004, 442 patients, raw units) and iris (Fisher 1936, 150 flowers). Digits and diabetes keep a fifth apart as
test set, drawn with a fixed seed.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import arff
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_digits, load_iris

TEST_SHARE = 0.2
SEED = 0


def main(folder: Path) -> None:
    for name, write in (("digits", write_digits), ("diabetes", write_diabetes), ("iris", write_iris)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        write(folder / name)


def write_digits(folder: Path) -> None:
    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.int64)
    train, test = train_and_test(len(images))
    np.savez(folder / "train.npz", x_train=images[train], y_train=labels[train])
    np.savez(folder / "test.npz", x_test=images[test], y_test=labels[test])


def write_diabetes(folder: Path) -> None:
    # Raw units, not the scaled copy: scaling is then part of what the example shows.
    diabetes = load_diabetes(scaled=False)
    header = [*diabetes.feature_names, "progression"]
    table = np.column_stack([diabetes.data, diabetes.target])
    for name, rows in zip(("train", "test"), train_and_test(len(table)), strict=True):
        write_csv(folder / f"{name}.csv", header, table[rows])


def write_csv(path: Path, header: list[str], table: NDArray[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{value:.10g}" for value in row] for row in table)


def write_iris(folder: Path) -> None:
    iris = load_iris()
    columns = ("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm")
    names = [str(name) for name in iris.target_names]
    text = arff.dumps(
        {
            "relation": "iris",
            "description": "Fisher 1936: three kinds of iris, 50 flowers each.",
            "attributes": [*((column, "REAL") for column in columns), ("kind", names)],
            "data": [
                [*map(float, row), names[kind]] for row, kind in zip(iris.data, iris.target, strict=True)
            ],
        }
    )
    (folder / "iris.arff").write_text(text, encoding="utf-8", newline="\n")


def train_and_test(rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of the training and the test set, each in the order of the source."""
    order = np.random.default_rng(SEED).permutation(rows)
    held_out = round(rows * TEST_SHARE)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
