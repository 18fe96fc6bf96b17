"""What the schema knows of one kind of layer: its keys, its inputs, its shape rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from nntracker_ray.models.values import Check, RefusedError
from nntracker_ray.records import JsonValue

Shape: TypeAlias = tuple[int | None, ...]  # without the batch dimension; None: a length not known yet
Config: TypeAlias = Mapping[str, JsonValue]
REQUIRED: Final = "\0required"


class Key(NamedTuple):
    """One key of a layer's configuration."""

    check: Check
    default: JsonValue = REQUIRED  # already canonical


class Weight(NamedTuple):
    """One array the layer will have."""

    tensor: str  # "kernel"
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """What a layer makes of its inputs."""

    outputs: tuple[Shape, ...]
    weights: tuple[Weight, ...] = ()
    hidden: int = 0  # numbers held besides the outputs for one example (attention scores, gates)
    calls: int = 1  # operations to trace


Rule: TypeAlias = Callable[
    [Config, tuple[Shape, ...]], Built
]  # raises RefusedError when the inputs do not fit


@dataclass(frozen=True, slots=True)
class LayerKind:
    """One row of the allow-list."""

    class_name: str
    keys: Mapping[str, Key]
    rule: Rule
    old_keys: Mapping[str, Check] = field(
        default_factory=dict
    )  # of earlier Keras versions: checked, then dropped
    takes_list: bool = False  # called on one list of tensors (Add, Concatenate, Attention, ...)
    inputs: tuple[str, ...] = ()  # names of several tensor arguments ("query", "value", "key")
    takes_state: bool = False  # accepts initial_state
    call_switches: tuple[str, ...] = ()  # boolean call arguments kept in the model ("use_causal_mask", ...)
    wraps: tuple[str, ...] = ()  # config keys that hold layers


def known(shape: Shape, what: str = "this layer") -> tuple[int, ...]:
    """The shape if every dimension is known. Raises: RefusedError."""
    if any(size is None for size in shape):
        raise RefusedError(f"{what} needs a fully known input shape, got {batched(shape)}")
    return tuple(size for size in shape if size is not None)


def size_at(shape: Shape, axis: int) -> int:
    """Known size at an axis of the shape WITH batch. Raises: RefusedError."""
    size = shape[position(shape, axis)]
    if size is None:
        raise RefusedError(f"axis {axis} of the input {batched(shape)} must have a known size")
    return size


def position(shape: Shape, axis: int) -> int:
    """Index into the shape WITHOUT batch of an axis counted with batch. Raises: RefusedError."""
    rank = len(shape) + 1
    if not -rank <= axis < rank or axis % rank == 0:
        raise RefusedError(f"axis {axis} is outside the input {batched(shape)} or is its batch axis")
    return axis % rank - 1


def of_rank(shape: Shape, rank: int) -> Shape:
    """The shape if it has `rank` dimensions besides the batch. Raises: RefusedError."""
    if len(shape) != rank:
        raise RefusedError(f"needs an input of {rank + 1} dimensions (batch included), got {batched(shape)}")
    return shape


def batched(shape: Shape) -> str:
    """The shape as people write it: (None, 28, 28)."""
    return f"({', '.join(['None', *map(str, shape)])}{',' if not shape else ''})"


def volume(shape: Shape) -> int:
    """Numbers in one example; unknown lengths count as 1."""
    product = 1
    for size in shape:
        product *= 1 if size is None else size
    return product
