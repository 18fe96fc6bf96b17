"""Shape rules of the layers that merge several inputs."""

from __future__ import annotations

from functools import reduce

from nntracker_ray.models.kinds import Built, Config, Shape, batched, position
from nntracker_ray.models.values import RefusedError


def elementwise(_: Config, inputs: tuple[Shape, ...]) -> Built:
    """Add, Multiply, Average, Maximum, Minimum: shapes are broadcast from the last dimension."""
    return Built((reduce(_broadcast, inputs),))


def subtract(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Subtract: exactly two inputs."""
    if len(inputs) != 2:
        raise RefusedError(f"is called on exactly 2 inputs, got {len(inputs)}")
    return elementwise(config, inputs)


def _broadcast(first: Shape, second: Shape) -> Shape:
    longer, shorter = sorted((first, second), key=len, reverse=True)
    if not shorter:
        return longer
    head = longer[: len(longer) - len(shorter)]
    pairs = zip(longer[len(head) :], shorter, strict=True)
    return (*head, *(_broadcast_size(one, other, first, second) for one, other in pairs))


def _broadcast_size(one: int | None, other: int | None, first: Shape, second: Shape) -> int | None:
    if one is None or other is None:
        return None
    if one != other and 1 not in (one, other):
        raise RefusedError(f"inputs {batched(first)} and {batched(second)} do not fit together")
    return other if one == 1 else one


def concatenate(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Concatenate: equal shapes except along the axis, where the sizes add up."""
    first = inputs[0]
    if len({len(shape) for shape in inputs}) > 1:
        raise RefusedError(f"inputs differ in rank: {_listed(inputs)}")
    place = position(first, config["axis"])
    for shape in inputs[1:]:
        others = zip(first[:place] + first[place + 1 :], shape[:place] + shape[place + 1 :], strict=True)
        if any(one != other and None not in (one, other) for one, other in others):
            raise RefusedError(f"inputs differ outside axis {config['axis']}: {_listed(inputs)}")
    sizes = [shape[place] for shape in inputs]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    return Built(((*first[:place], total, *first[place + 1 :]),))


def _listed(inputs: tuple[Shape, ...]) -> str:
    return ", ".join(map(batched, inputs[:5]))


def dot(config: Config, inputs: tuple[Shape, ...]) -> Built:
    """Dot: the sum of products along one axis of each of two inputs."""
    if len(inputs) != 2:
        raise RefusedError(f"is called on exactly 2 inputs, got {len(inputs)}")
    first, second = inputs
    given = config["axes"]
    one, other = given if isinstance(given, list) else (given, given)
    place, place2 = position(first, one), position(second, other)
    if first[place] != second[place2]:
        raise RefusedError(f"axes {given} of {batched(first)} and {batched(second)} differ in size")
    rest = (*first[:place], *first[place + 1 :], *second[:place2], *second[place2 + 1 :])
    return Built((rest or (1,),))
