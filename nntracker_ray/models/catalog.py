"""Which optimizers, losses and metrics the installed Keras offers, known without importing Keras.

Read from Keras once per version in a process of its own, then kept as JSON in `Home.cache`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from nntracker_ray.errors import BadInputError, PlatformError, did_you_mean
from nntracker_ray.home import Home
from nntracker_ray.models.keras_listing import KINDS, keras_listing
from nntracker_ray.models.store import write_aside
from nntracker_ray.records import JsonValue, NamedConf

_FORMAT = 1  # of the cache file
_ALIASES = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "rmse": "RootMeanSquaredError",
    "kld": "KLDivergence",
    "bce": "BinaryCrossentropy",
    "kullbackleiblerdivergence": "KLDivergence",
    "cosineproximity": "CosineSimilarity",
    "huberloss": "Huber",
    "logcosh": "LogCoshError",
    "r2": "R2Score",
}
# Metrics whose measured name is not that of their class.
_MEASURED_AS = {"FBetaScore": "fbeta_score", "LogCoshError": "logcosh"}


@dataclass(frozen=True, slots=True)
class Signature:
    """What a constructor takes."""

    name: str  # class name as Keras spells it
    required: tuple[str, ...]
    optional: dict[str, JsonValue]  # name -> default


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that can be named in an experiment, by class name."""

    optimizers: dict[str, Signature]
    losses: dict[str, Signature]
    metrics: dict[str, Signature]

    def optimizer(self, name: str) -> Signature:
        """By class or snake name, case ignored. Raises: BadInputError: unknown, naming the known ones."""
        return self.optimizers[resolve_name("optimizer", name, self.optimizers)]

    def loss(self, name: str) -> Signature:
        """By class, snake or short name ("mse"), case ignored. Raises: BadInputError."""
        return self.losses[resolve_name("loss function", name, self.losses)]

    def metric(self, name: str) -> Signature:
        """By class, snake or short name ("mae"), case ignored. Raises: BadInputError."""
        return self.metrics[resolve_name("metric", name, self.metrics)]


def resolve_name(kind: str, name: str, known: Mapping[str, object]) -> str:
    """The class name that is meant.

    Raises: BadInputError: unknown optimizer 'adm'; known: Adadelta, ... Did you mean 'Adam'?
    """
    folded = {_fold(each): each for each in known}
    wanted = _fold(name) if isinstance(name, str) else ""
    if wanted in folded:
        return folded[wanted]
    if _ALIASES.get(wanted) in known:
        return _ALIASES[wanted]
    hint = did_you_mean(str(name)[:60], [*known, *map(snake_name, known)])
    raise BadInputError(
        f"unknown {kind} {str(name)[:60]!r}; known: {', '.join(sorted(known))}. {hint}".rstrip()
    )


def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def metric_name(metric: NamedConf) -> str:
    """What the metric of a class is called where it is measured, without `val_`: its `name`, else Keras' own."""
    return str(metric.conf.get("name") or _MEASURED_AS.get(metric.name) or snake_name(metric.name))


def snake_name(class_name: str) -> str:
    """The name Keras' own lists use: "MeanSquaredError" -> "mean_squared_error"."""
    letters = [
        f"_{letter}" if number and letter.isupper() and _starts_word(class_name, number) else letter
        for number, letter in enumerate(class_name)
    ]
    return "".join(letters).lower()


def _starts_word(name: str, number: int) -> bool:
    follows_small = not name[number - 1].isupper()
    before_small = number + 1 < len(name) and name[number + 1].islower()
    return follows_small or before_small


def load_catalog(home: Home) -> Catalog:
    """The catalog of the installed Keras; from the cache, or read from Keras (some seconds, once).

    Raises: PlatformError: Keras cannot be read.
    """
    path = home.cache / f"keras-{version('keras')}-catalog.json"
    if (cached := _kept(path)) is not None:
        return cached
    path.parent.mkdir(parents=True, exist_ok=True)
    # Ten people who ask at once need one Keras, not ten.
    with FileLock(path.with_suffix(".lock")):
        if (cached := _kept(path)) is not None:
            return cached
        listing = _read_from_keras()
        write_aside(path, json.dumps({"format": _FORMAT, **listing}).encode())
        return _from_listing(listing)


def _kept(path: Path) -> Catalog | None:
    """What was worked out before; None if it is not there yet, or not one of ours."""
    try:
        return _from_listing(_cached(path))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cached(path: Path) -> dict[str, JsonValue]:
    content = json.loads(path.read_bytes())
    if content["format"] != _FORMAT:
        raise ValueError("another format of the cache")
    return {kind: content[kind] for kind in KINDS}


def _from_listing(listing: Mapping[str, JsonValue]) -> Catalog:
    optimizers, losses, metrics = (
        {
            name: Signature(name, tuple(found["required"]), found["optional"])
            for name, found in listing[kind].items()
        }
        for kind in KINDS
    )
    return Catalog(optimizers, losses, metrics)


def _read_from_keras() -> Mapping[str, JsonValue]:
    if "keras" in sys.modules:
        return keras_listing()
    # In its own process: a process that plans or serves pages need not carry TensorFlow (600 MB) ever after.
    root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, *sys.path]),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", "nntracker_ray.models.keras_listing"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=300)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise PlatformError(f"Keras could not be read: {' '.join(last) or f'exit status {done.returncode}'}")
    found: Mapping[str, JsonValue] = json.loads(done.stdout)
    return found


def to_listing(catalog: Catalog) -> dict[str, JsonValue]:
    """The catalog as plain JSON, for the web form."""
    return asdict(catalog)
