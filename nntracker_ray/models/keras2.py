"""What earlier Keras versions wrote differently, turned into today's keys. Nothing is checked here."""

from __future__ import annotations

from nntracker_ray.records import JsonValue

_RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}, "InputLayer": {"batch_input_shape": "batch_shape"}}
_POLICIES = ("Policy", "DTypePolicy", "FloatDTypePolicy", "PolicyV1")


def modern(class_name: str, config: dict[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
    """Class name and configuration as Keras 3 spells them. ThresholdedReLU is gone there: ReLU can do it."""
    config = dict(config)
    if class_name == "ThresholdedReLU":
        class_name = "ReLU"
        config["threshold"] = config.pop("theta", 1.0)
    for old, new in _RENAMED.get(class_name, {}).items():
        if old in config and config.get(new) is None:
            config[new] = config.pop(old)
    if "dtype" in config:
        config["dtype"] = _policy_name(config["dtype"])
        if config["dtype"] is None:
            del config["dtype"]
    return class_name, config


def _policy_name(dtype: JsonValue) -> JsonValue:
    """{"class_name": "Policy", "config": {"name": "float32"}} -> "float32"."""
    if (
        isinstance(dtype, dict)
        and dtype.get("class_name") in _POLICIES
        and isinstance(dtype.get("config"), dict)
    ):
        return dtype["config"].get("name")
    return dtype


def sequential_config(config: JsonValue) -> JsonValue:
    """Keras <= 2.2.2 wrote a Sequential as the bare list of its layers."""
    return {"name": "sequential", "layers": config} if isinstance(config, list) else config
