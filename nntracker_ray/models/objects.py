"""Live Keras optimizers, losses and metrics from their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from nntracker_ray.errors import BadInputError
from nntracker_ray.models.arguments import check_conf, modern_conf
from nntracker_ray.models.catalog import Signature, resolve_name
from nntracker_ray.models.keras_listing import arguments_of, offered_classes
from nntracker_ray.records import NamedConf

if TYPE_CHECKING:
    import keras

Optimizer: TypeAlias = "keras.optimizers.Optimizer"
Loss: TypeAlias = "keras.losses.Loss"
Metric: TypeAlias = "keras.metrics.Metric"


def make_optimizer(named: NamedConf, learning_rate: float | None = None) -> Optimizer:
    """A new optimizer; `learning_rate` wins over the one in its arguments, None leaves it.

    Raises: BadInputError: unknown name, or arguments it does not take.
    """
    given = {} if learning_rate is None else {"learning_rate": learning_rate}
    return _make("optimizers", "optimizer", NamedConf(named.name, {**named.conf, **given}))


def effective_learning_rate(optimizer: Optimizer) -> float:
    """The learning rate the optimizer works with now: float32, so 0.1 reads as 0.10000000149011612."""
    return float(optimizer.learning_rate)


def make_loss(named: NamedConf) -> Loss:
    """A new loss function. Raises: BadInputError."""
    return _make("losses", "loss function", named)


def make_metric(named: NamedConf) -> Metric:
    """A new metric on (y_true, y_pred). Raises: BadInputError."""
    return _make("metrics", "metric", named)


def _make(kind: str, label: str, named: NamedConf) -> Any:
    classes = offered_classes(kind)
    name = resolve_name(label, named.name, classes)
    arguments = arguments_of(classes[name])
    signature = Signature(name, tuple(arguments["required"]), arguments["optional"])
    conf = {
        key: value for key, value in named.conf.items() if key != "lr" or "learning_rate" not in named.conf
    }
    if problems := check_conf(signature, conf):
        raise BadInputError(f"{label} {name}: {'; '.join(problems)}")
    try:
        return classes[name](**modern_conf(signature, conf))
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInputError(f"{label} {name} refuses {conf}: {error}") from error
