"""The validated model: what the reader makes of the JSON and everything after works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from nntracker_ray.models.kinds import LayerKind
from nntracker_ray.records import JsonValue


class TensorRef(NamedTuple):
    """One output of one call of a layer of the same graph."""

    layer: str
    call: int  # 0-based: the n-th time the layer is used
    output: int  # 0-based: for layers with several outputs


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer."""

    inputs: tuple[TensorRef, ...]
    state: tuple[TensorRef, ...] = ()  # initial_state of a recurrent layer
    switches: Mapping[str, bool] = field(default_factory=dict)  # "training", "use_causal_mask", ...

    @property
    def sources(self) -> tuple[TensorRef, ...]:
        """Every tensor the call needs."""
        return (*self.inputs, *self.state)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One layer with its canonical configuration."""

    kind: LayerKind
    name: str
    config: Mapping[str, JsonValue]  # every key of the kind, without "name" and without wrapped layers
    wrapped: Mapping[str, Item] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A Sequential model. `layers[0]` is its InputLayer, unless it is nested and takes what comes."""

    name: str
    trainable: bool
    layers: tuple[Item, ...]

    @property
    def input(self) -> Leaf | None:
        """Its own InputLayer, if it has one."""
        first = self.layers[0]
        return first if isinstance(first, Leaf) and first.kind.class_name == "InputLayer" else None


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A Functional model."""

    name: str
    trainable: bool
    layers: Mapping[str, Item]  # in the order of the calls, hence of the data
    calls: Mapping[str, tuple[Call, ...]]  # by layer name; InputLayers have none
    order: tuple[tuple[str, int], ...]  # (layer, call) such that every source comes first
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]


Model: TypeAlias = Stack | Graph
Item: TypeAlias = Leaf | Stack | Graph


def class_of(item: Item) -> str:
    """Keras' class name of the layer or model."""
    if isinstance(item, Leaf):
        return item.kind.class_name
    return "Sequential" if isinstance(item, Stack) else "Functional"


def inside(item: Item) -> Iterator[Item]:
    """The layers directly inside."""
    if isinstance(item, Leaf):
        yield from item.wrapped.values()
    elif isinstance(item, Stack):
        yield from item.layers
    else:
        yield from item.layers.values()
