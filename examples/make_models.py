"""Write the example models again with the installed Keras: plain `model.to_json()`.

python examples/make_models.py [folder]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
from keras import layers


def digits_cnn() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((8, 8), name="image"),
            layers.Rescaling(1 / 16, name="to_unit_range"),
            layers.Reshape((8, 8, 1), name="one_channel"),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="strokes"),
            layers.BatchNormalization(name="normalised"),
            layers.MaxPooling2D(name="halved"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(32, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits_cnn",
    )


def diabetes_mlp() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((10,), name="patient"),
            layers.Dense(32, activation="relu", name="hidden_1"),
            layers.Dense(16, activation="relu", name="hidden_2"),
            layers.Dense(1, name="progression"),
        ],
        name="diabetes_mlp",
    )


def iris_mlp() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((4,), name="flower"),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="kind"),
        ],
        name="iris_mlp",
    )


def main(folder: Path) -> None:
    for example, model in (("digits", digits_cnn()), ("diabetes", diabetes_mlp()), ("iris", iris_mlp())):
        tree = json.loads(model.to_json())
        (folder / example).mkdir(parents=True, exist_ok=True)
        (folder / example / "model.json").write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
