"""Shapes, arrays and costs of a model, worked out from the tree alone: nothing is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from nntracker_ray.errors import ModelError
from nntracker_ray.models.findings import layer_label
from nntracker_ray.models.initial import check_initial
from nntracker_ray.models.kinds import Built, Shape, Weight, batched, volume
from nntracker_ray.models.limits import ModelLimits
from nntracker_ray.models.tree import Call, Graph, Item, Leaf, Model, Stack, class_of
from nntracker_ray.models.values import RefusedError

_CELLS = ("SimpleRNN", "LSTM", "GRU")


class Use(NamedTuple):
    """What one call of a layer or model comes to."""

    outputs: tuple[Shape, ...]
    calls: int  # operations to trace
    activations: int  # numbers held for one example


class Sized(NamedTuple):
    """One layer with its arrays, as first used."""

    name: str  # qualified: "inner/dense_1"
    class_name: str
    outputs: tuple[Shape, ...]
    weights: tuple[Weight, ...]


@dataclass(slots=True)
class Costing:
    """Costs of one model; filled by `cost_of`."""

    limits: ModelLimits
    layers: dict[tuple[int, str], Sized] = field(default_factory=dict)
    stack_inputs: dict[int, Shape] = field(default_factory=dict)  # of Sequentials, by id of the Stack
    call_outputs: dict[tuple[int, str, int], tuple[Shape, ...]] = field(
        default_factory=dict
    )  # by id of the Graph
    parameters: int = 0
    initializer_work: float = 0.0
    _memory: dict[tuple[object, ...], Use] = field(default_factory=dict)

    # --- one item --------------------------------------------------------------------------------------------

    def use(
        self, item: Item, inputs: tuple[Shape, ...], prefix: str, switches: Mapping[str, bool] | None = None
    ) -> Use:
        """Raises: ModelError: the inputs do not fit, or a limit is passed; the layer is named."""
        # A model used twice inside a model used twice ... is costed once for each input shape.
        key = (id(item), inputs, tuple(sorted((switches or {}).items())))
        if key not in self._memory:
            try:
                found = self._use(item, inputs, prefix, switches or {})
            except RefusedError as refused:
                raise ModelError(f"{layer_label(prefix, item.name, class_of(item))}: {refused}") from None
            self._check(item, prefix, found)
            self._memory[key] = found
        return self._memory[key]

    def _use(self, item: Item, inputs: tuple[Shape, ...], prefix: str, switches: Mapping[str, bool]) -> Use:
        inner = f"{prefix}{item.name}/"
        if isinstance(item, Stack):
            return self.stack(item, inputs, inner)
        if isinstance(item, Graph):
            return self.graph(item, inputs, inner)
        if item.kind.class_name == "TimeDistributed":
            return self._time_distributed(item, inputs, inner)
        if item.kind.class_name == "Bidirectional":
            return self._bidirectional(item, inputs, inner)
        _check_count(item, inputs)
        built = item.kind.rule({**item.config, **switches}, inputs)
        self._register(item, "", f"{prefix}{item.name}", built)
        return Use(built.outputs, built.calls, sum(map(volume, built.outputs)) + built.hidden)

    def _register(self, leaf: Leaf, role: str, name: str, built: Built) -> None:
        """Count the layer's arrays once; a further call must need the same ones."""
        known = self.layers.get((id(leaf), role))
        if known is None:
            self.layers[id(leaf), role] = Sized(name, leaf.kind.class_name, built.outputs, built.weights)
            self._count(leaf, built.weights)
        elif known.weights != built.weights:
            raise RefusedError(
                f"is shared, but needs different arrays: {_shapes(known.weights)} and {_shapes(built.weights)}"
            )

    def _count(self, leaf: Leaf, weights: tuple[Weight, ...]) -> None:
        for weight in weights:
            if 0 in weight.shape:
                raise RefusedError(f"array {weight.tensor} would be empty: {weight.shape}")
            self.parameters += prod(weight.shape)
            if self.parameters > self.limits.parameters:
                raise RefusedError(
                    f"array {weight.tensor} of shape {weight.shape} takes the model past "
                    f"{self.limits.parameters:,} parameters; make it smaller, or ask for a higher quota"
                )
            self.initializer_work += check_initial(leaf.kind, leaf.config, weight)
            if self.initializer_work > self.limits.initializer_work:
                raise RefusedError(
                    f"orthogonal initializer of {weight.tensor} {weight.shape} would take minutes; choose another"
                )

    def _check(self, item: Item, prefix: str, use: Use) -> None:
        over = None
        if use.calls > self.limits.calls:
            over = f"{use.calls:,} layer calls, of at most {self.limits.calls:,}"
        elif use.activations > self.limits.activations:
            over = f"{use.activations:,} activations for one example, of at most {self.limits.activations:,}"
        if over:
            label = layer_label(prefix, item.name, class_of(item))
            raise ModelError(f"{label}: needs {over}. Make the layer or its input smaller")

    # --- wrappers --------------------------------------------------------------------------------------------

    def _time_distributed(self, item: Leaf, inputs: tuple[Shape, ...], inner: str) -> Use:
        (shape,) = _exactly(inputs, 1)
        child = item.wrapped["layer"]
        if len(shape) < 2:
            raise RefusedError(f"needs an input (batch, time, features...), got {batched(shape)}")
        if isinstance(child, Leaf) and (
            child.kind.takes_list or child.kind.inputs or child.kind.class_name == "InputLayer"
        ):
            raise RefusedError(f"cannot wrap {child.kind.class_name}")
        use = self.use(child, (shape[1:],), inner)
        (output,) = _exactly(use.outputs, 1, "wrapped layer output")
        steps = shape[0] or 1
        return Use(((shape[0], *output),), 3 + steps * use.calls, steps * use.activations)

    def _bidirectional(self, item: Leaf, inputs: tuple[Shape, ...], inner: str) -> Use:
        forward = item.wrapped["layer"]
        backward = item.wrapped.get("backward_layer", forward)
        _check_directions(forward, item.wrapped.get("backward_layer"))
        assert isinstance(forward, Leaf)  # noqa: S101 - checked just above
        assert isinstance(backward, Leaf)  # noqa: S101
        half = (len(inputs) + 1) // 2
        if len(inputs) > 1 and len(inputs) % 2 == 0:
            raise RefusedError(
                f"initial_state must hold the states of both directions, got {len(inputs) - 1} tensors"
            )
        built = forward.kind.rule(forward.config, inputs[:half])
        again = backward.kind.rule(backward.config, (inputs[0], *inputs[half:]))
        self._register(forward, "forward", f"{inner}forward_{forward.name.removeprefix('forward_')}", built)
        name = (
            backward.name if backward is not forward else f"backward_{forward.name.removeprefix('backward_')}"
        )
        self._register(backward, "backward", f"{inner}{name}", again)
        outputs = _merged(item.config["merge_mode"], built, again)
        held = sum(map(volume, outputs)) + built.hidden + again.hidden
        return Use(outputs, built.calls + again.calls, held)

    # --- models ----------------------------------------------------------------------------------------------

    def stack(self, stack: Stack, inputs: tuple[Shape, ...], prefix: str) -> Use:
        """A Sequential on its input."""
        (shape,) = _exactly(inputs, 1)
        own = stack.input
        if own is not None:
            _check_declared(tuple(own.config["batch_shape"][1:]), shape)
        self.stack_inputs.setdefault(id(stack), shape)
        rest = stack.layers[1:] if own is not None else stack.layers
        if len(rest) > self.limits.chain:
            raise RefusedError(
                f"is a chain of {len(rest)} layers; at most {self.limits.chain} after one another can be built"
            )
        calls = activations = 0
        for layer in rest:
            use = self.use(layer, (shape,), prefix)
            if len(use.outputs) != 1:
                label = layer_label(prefix, layer.name, class_of(layer))
                raise ModelError(f"{label}: has {len(use.outputs)} outputs; in a Sequential a layer has one")
            (shape,) = use.outputs
            calls, activations = calls + use.calls, activations + use.activations
        return Use((shape,), calls, activations)

    def graph(self, graph: Graph, inputs: tuple[Shape, ...], prefix: str) -> Use:
        """A Functional model on its inputs."""
        given = dict(
            zip((ref.layer for ref in graph.inputs), _exactly(inputs, len(graph.inputs)), strict=True)
        )
        outputs: dict[tuple[str, int], tuple[Shape, ...]] = {}
        depth: dict[tuple[str, int], int] = {}
        calls = activations = 0
        for name, number in graph.order:
            item = graph.layers[name]
            if name in given:
                assert isinstance(item, Leaf)  # noqa: S101 - the reader checked that inputs are InputLayers
                _check_declared(tuple(item.config["batch_shape"][1:]), given[name])
                outputs[name, number], depth[name, number] = (given[name],), 0
            else:
                call = graph.calls[name][number]
                use = self.use(item, _sources(call, outputs, prefix, item), prefix, call.switches)
                outputs[name, number] = use.outputs
                depth[name, number] = 1 + max(depth[ref.layer, ref.call] for ref in call.sources)
                calls, activations = calls + use.calls, activations + use.activations
            self.call_outputs.setdefault((id(graph), name, number), outputs[name, number])
        longest = max(depth.values())
        if longest > self.limits.chain:
            raise RefusedError(
                f"is a chain of {longest} layers; at most {self.limits.chain} after one another can be built"
            )
        ends = Call(graph.outputs)
        return Use(_sources(ends, outputs, prefix, graph), calls, activations)


def cost_of(model: Model, limits: ModelLimits) -> tuple[Costing, tuple[Shape, ...], tuple[Shape, ...]]:
    """Costs, input shapes and output shapes of a top-level model.

    Raises: ModelError: a layer does not fit its input, or a limit is passed.
    """
    costing = Costing(limits)
    inputs = declared_inputs(model)
    if inputs is None:
        raise ModelError(
            f"the model {model.name!r} does not say its input shape. Put an InputLayer first, "
            'such as {"class_name": "InputLayer", "config": {"batch_shape": [null, 28, 28], "name": "images"}}'
        )
    try:
        use = (
            costing.stack(model, inputs, "") if isinstance(model, Stack) else costing.graph(model, inputs, "")
        )
    except RefusedError as refused:
        raise ModelError(f"the model {model.name!r}: {refused}") from None
    costing._check(model, "", use)
    return costing, inputs, use.outputs


def declared_inputs(model: Model) -> tuple[Shape, ...] | None:
    """Shapes of the model's own inputs; None for a Sequential that takes what comes."""
    if isinstance(model, Graph):
        return tuple(_input_shape(model.layers[ref.layer]) for ref in model.inputs)
    if model.input is not None:
        return (_input_shape(model.input),)
    first = model.layers[0]
    return None if isinstance(first, Leaf) else declared_inputs(first)


def _input_shape(item: Item) -> Shape:
    assert isinstance(item, Leaf)  # noqa: S101 - the reader checked that inputs are InputLayers
    return tuple(item.config["batch_shape"][1:])


def _check_count(item: Leaf, inputs: tuple[Shape, ...]) -> None:
    kind = item.kind
    if kind.class_name == "InputLayer":
        raise RefusedError("can only be the input of a model")
    if kind.takes_list or kind.takes_state:
        return
    least, most = (2, len(kind.inputs)) if kind.inputs else (1, 1)
    if not least <= len(inputs) <= most:
        raise RefusedError(
            f"takes {least if least == most else f'{least} or {most}'} input(s), got {len(inputs)}"
        )


def _check_directions(forward: Item, backward: Item | None) -> None:
    """The conditions of keras.layers.Bidirectional, and equal sizes, without which nothing can be merged."""
    for layer in (forward, backward or forward):
        if not isinstance(layer, Leaf) or layer.kind.class_name not in _CELLS:
            raise RefusedError(f"wraps {', '.join(_CELLS)} only, not {class_of(layer)}")
    assert isinstance(forward, Leaf)  # noqa: S101 - checked just above
    if backward is None:
        if forward.config["go_backwards"]:
            raise RefusedError(
                "the wrapped layer must have go_backwards=false; the wrapper makes the backward one"
            )
        return
    assert isinstance(backward, Leaf)  # noqa: S101
    if forward.config["go_backwards"] == backward.config["go_backwards"]:
        raise RefusedError("layer and backward_layer must differ in go_backwards")
    same = ("units", "return_sequences", "return_state", "stateful")
    if class_of(forward) != class_of(backward) or any(
        forward.config[key] != backward.config[key] for key in same
    ):
        raise RefusedError(f"layer and backward_layer must agree in class, {', '.join(same)}")


def _merged(mode: str | None, forward: Built, backward: Built) -> tuple[Shape, ...]:
    output = forward.outputs[0]
    states = (*forward.outputs[1:], *backward.outputs[1:])
    if mode is None:
        return (output, output, *states)
    if mode == "concat":
        output = (*output[:-1], 2 * (output[-1] or 0))
    return (output, *states)


def _check_declared(declared: Shape, given: Shape) -> None:
    fits = len(declared) == len(given) and all(
        one is None or other is None or one == other for one, other in zip(declared, given, strict=True)
    )
    if not fits:
        raise RefusedError(f"was made for input {batched(declared)} and gets {batched(given)}")


def _exactly(shapes: tuple[Shape, ...], count: int, what: str = "input") -> tuple[Shape, ...]:
    if len(shapes) != count:
        raise RefusedError(f"takes {count} {what}(s), got {len(shapes)}")
    return shapes


def _sources(
    call: Call, outputs: Mapping[tuple[str, int], tuple[Shape, ...]], prefix: str, item: Item
) -> tuple[Shape, ...]:
    found = []
    for ref in call.sources:
        made = outputs[ref.layer, ref.call]
        if ref.output >= len(made):
            label = layer_label(prefix, item.name, class_of(item))
            raise ModelError(f"{label}: takes output {ref.output} of {ref.layer!r}, which has {len(made)}")
        found.append(made[ref.output])
    return tuple(found)


def _shapes(weights: tuple[Weight, ...]) -> str:
    return ", ".join(f"{weight.tensor} {weight.shape}" for weight in weights) or "none"
