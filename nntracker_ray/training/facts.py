"""What is true of a run as a whole: where it is trained, and what the model looks like."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import keras
import tensorflow as tf

from nntracker_ray.records import JsonValue
from nntracker_ray.training.process import configured_threads


def environment() -> dict[str, JsonValue]:
    """What the bits of a training depend on beside spec and seed."""
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "tensorflow": tf.__version__,
        "numpy": version("numpy"),
        "threads": configured_threads(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "cpu": _cpu_model(),
        "gpus": [device.name for device in tf.config.list_physical_devices("GPU")],
        "machine": platform.platform(),
    }


def differences(then: dict[str, JsonValue], now: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """What of the environment is not as it was: `{"threads": {"then": 1, "now": 2}}`."""
    changed = [key for key in sorted(then.keys() | now.keys()) if then.get(key) != now.get(key)]
    return {key: {"then": then.get(key), "now": now.get(key)} for key in changed}


def model_summary(model: keras.Model) -> dict[str, JsonValue]:
    """The model as Keras prints it, and its layers as a table."""
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(str(text)), line_length=100)
    return {
        "text": "\n".join(lines),
        "parameters": model.count_params(),
        "trainable": sum(int(weight.value.shape.num_elements()) for weight in model.trainable_weights),
        "layers": [_layer(layer) for layer in model.layers],
    }


def _layer(layer: keras.layers.Layer) -> dict[str, JsonValue]:
    shape = getattr(getattr(layer, "output", None), "shape", None)
    kind = type(layer).__name__
    return {
        "name": layer.name,
        "kind": kind,
        "output_shape": list(shape) if shape else None,
        "parameters": layer.count_params(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
