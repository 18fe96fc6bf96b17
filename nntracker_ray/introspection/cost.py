"""What looking inside costs, estimated before anything is trained: shares of its time, within a factor of three.

Counted are passes over numbers, products, passes of the network and fixed costs of each look and result. Not counted
are compiling the look (once a run), what overlaps with the training beside it, and how machines differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from nntracker_ray.introspection.topics import ARRAY_TOPICS, BACKWARD_TOPICS, FORWARD_TOPICS, Topic
from nntracker_ray.layer_patterns import is_named
from nntracker_ray.models.kinds import volume
from nntracker_ray.records import Observed

if TYPE_CHECKING:
    from nntracker_ray.models.schema import ModelDescription

# --- speeds of a machine, by what the MLP and the CNN of benchmarks/looking_inside.py took

FLOPS_PER_S: Final = 1e11  # of dense products, one CPU core
NUMBERS_PER_S: Final = 1e9  # gone through once on the device
COPIED_PER_S: Final = 5e8  # numbers brought to the host and gone through there
STEP_S: Final = 1e-3  # of each training step beside its arithmetic
EPOCH_S: Final = 0.1  # of each epoch beside its steps: validation, records, checkpoint
LOOK_S: Final = 2e-3  # of each look beside its arithmetic: gathering the batch, handing over what was seen
RESULT_S: Final = 3e-5  # of each result: its message, its measurement, its record
BACKWARD: Final = 3.0  # a training step is so many forward passes
UPDATE_PASSES: Final = 2.0  # over all parameters, by the optimizer
PROBE_ROWS: Final = 256  # of probe activations at each look


class Work(NamedTuple):
    """What a metric does at one look."""

    passes: float = 0.0  # over the numbers of each tensor, on the device
    copies: float = 0.0  # of them, to the host
    by_side: float = 0.0  # operations for each number and each row or column of the smaller side (an SVD)
    steps: float = 0.0  # as long as so many training steps
    tests: float = 0.0  # forward passes over the test set


WORK: Final[Mapping[str, Work]] = {
    "mean": Work(passes=1),
    "sum": Work(passes=1),
    "variance": Work(passes=2),
    "norm": Work(passes=1.5),
    "spectral_norm": Work(passes=40),
    "condition_number": Work(copies=1, by_side=20),
    "histogram": Work(passes=7),
    "zero_share": Work(passes=1),
    "saturated_share": Work(passes=2),
    "dead_share": Work(passes=2),
    "ratio": Work(passes=2),
    "gradient_cosine": Work(passes=3, copies=1),
    "gradient_noise_scale": Work(steps=2.5),
    "svcca": Work(passes=1),  # its decompositions are made beside the training
    "hessian_eigenvalues": Work(steps=30),
    "batch_accuracy": Work(passes=1),
    "test_accuracy": Work(tests=1),
    "mean_over_layers": Work(),
}
# Arguments that a metric's work grows with -> the value that the table above is of.
GROWS_WITH: Final[Mapping[str, Mapping[str, float]]] = {
    "hessian_eigenvalues": {"count": 1, "iterations": 50},
}
OF_OTHERS: Final = Work(passes=2, copies=1)  # plug-ins, of which nothing is known


@dataclass(frozen=True, slots=True)
class Tensor:
    """Something that is looked at, of one layer."""

    layer: str
    numbers: int
    side: int  # the smaller one, as a matrix


@dataclass(frozen=True, slots=True)
class Training:
    """One training as far as its cost matters."""

    tensors: Mapping[str, tuple[Tensor, ...]]  # by topic
    forward_flops: float  # of one row
    parameters: int
    batch_size: int
    steps_an_epoch: float
    test_rows: int = 0
    measured_step_s: float | None = None  # of like runs; None: there are none

    @property
    def forward_s(self) -> float:
        """Seconds of a batch's way through the network."""
        return self.forward_flops * self.batch_size / FLOPS_PER_S

    @property
    def step_s(self) -> float:
        """Seconds of one step without looking inside, its part of what comes once an epoch with it."""
        arithmetic = BACKWARD * self.forward_s
        update = UPDATE_PASSES * self.parameters / NUMBERS_PER_S
        return self.measured_step_s or STEP_S + EPOCH_S / self.steps_an_epoch + arithmetic + update


def training_of(
    model: ModelDescription,
    *,
    batch_size: int,
    steps_an_epoch: float,
    test_rows: int = 0,
    measured_step_s: float | None = None,
) -> Training:
    """What is known of a training before it begins. Open lengths of inputs count as 1."""
    return Training(
        tensors=_tensors(model, batch_size),
        forward_flops=sum(_layer_flops(model)),
        parameters=model.parameters,
        batch_size=batch_size,
        steps_an_epoch=max(1.0, steps_an_epoch),
        test_rows=test_rows,
        measured_step_s=measured_step_s,
    )


def _layer_flops(model: ModelDescription) -> Iterator[float]:
    """Two operations for each weight at each place that a layer gives a result for."""
    for layer in model.layers:
        places = volume(layer.output_shape) / max(1, layer.output_shape[-1] or 1) if layer.output_shape else 1
        matrices = sum(prod(shape) for _, shape in layer.arrays if len(shape) >= 2)
        yield (0.0 if layer.class_name == "Embedding" else 2 * matrices * places) + volume(layer.output_shape)


def _tensors(model: ModelDescription, batch_size: int) -> Mapping[str, tuple[Tensor, ...]]:
    found: dict[str, list[Tensor]] = defaultdict(list)
    for layer in model.layers:
        for _, shape in layer.arrays:
            columns = shape[-1] if shape else 1
            tensor = Tensor(layer.name, prod(shape), min(columns, prod(shape[:-1])))
            for topic in ARRAY_TOPICS:
                if topic.startswith("weight") == (len(shape) >= 2):
                    found[topic].append(tensor)
        for topic, rows in (
            (Topic.ACTIVATIONS, batch_size),
            (Topic.LAYER_GRADIENTS, batch_size),
            (Topic.PROBE_ACTIVATIONS, PROBE_ROWS),
        ):
            found[topic].append(_of_rows(layer.name, volume(layer.output_shape), rows))
    found[Topic.INPUTS] = [_of_rows("", sum(map(volume, model.inputs)), batch_size)]
    found[Topic.OUTPUTS] = [_of_rows("", sum(map(volume, model.outputs)), batch_size)]
    return {topic: tuple(tensors) for topic, tensors in found.items()}


def _of_rows(layer: str, numbers: int, rows: int) -> Tensor:
    return Tensor(layer, numbers * rows, min(numbers, rows))


def estimated_share(looks: Iterable[tuple[Observed, tuple[str, ...]]], training: Training) -> float:
    """Time that looking inside takes for each second of training without it; 0.02 are 2 %.

    Args:
        looks: What is looked at, with the topics that it listens to.
    """
    cadences: dict[float, float] = defaultdict(float)  # looks a step -> seconds of one
    passes: dict[float, float] = defaultdict(float)  # looks a step -> forward passes of one
    for observed, topics in looks:
        often = _looks_a_step(observed, training)
        cadences[often] += _seconds(observed, topics, training)
        passes[often] = max(passes[often], _passes(topics))
    spent = sum(
        often * (LOOK_S + passes[often] * training.forward_s + seconds) for often, seconds in cadences.items()
    )
    return spent / training.step_s


def _passes(topics: tuple[str, ...]) -> float:
    """What those who look together share: the batch goes through the network once more, and back for gradients."""
    if BACKWARD_TOPICS.intersection(topics):
        return BACKWARD
    return 1.0 if FORWARD_TOPICS.intersection(topics) else 0.0


def _looks_a_step(observed: Observed, training: Training) -> float:
    if observed.every_epochs is not None:
        return 1 / (observed.every_epochs * training.steps_an_epoch)
    return 1 / (observed.every or 1)


def _seconds(observed: Observed, topics: tuple[str, ...], training: Training) -> float:
    """Of one look at everything that one entry asks for."""
    work = WORK.get(observed.metric, OF_OTHERS)
    tensors = [
        tensor
        for topic in topics
        for tensor in training.tensors.get(topic, ())
        if not tensor.layer or is_named(tensor.layer, observed.layers)
    ]
    seconds = sum(_tensor_seconds(work, tensor) for tensor in tensors) + max(1, len(tensors)) * RESULT_S
    seconds += _growth(observed) * work.steps * training.step_s
    seconds += work.tests * training.test_rows * training.forward_flops / FLOPS_PER_S
    if Topic.PROBE_ACTIVATIONS in topics:
        seconds += PROBE_ROWS * training.forward_flops / FLOPS_PER_S
    return seconds


def _growth(observed: Observed) -> float:
    factor = 1.0
    for argument, usual in GROWS_WITH.get(observed.metric, {}).items():
        value = observed.conf.get(argument, usual)
        factor *= value / usual if isinstance(value, int | float) else 1
    return factor


def _tensor_seconds(work: Work, tensor: Tensor) -> float:
    gone_through = work.passes * tensor.numbers / NUMBERS_PER_S + work.copies * tensor.numbers / COPIED_PER_S
    return gone_through + work.by_side * tensor.numbers * tensor.side / FLOPS_PER_S
