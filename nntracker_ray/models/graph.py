"""Inbound nodes of a Functional model, as Keras 2 and Keras 3 write them, to calls in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from nntracker_ray.models.findings import Findings, layer_label
from nntracker_ray.models.masks import MaskOperations, is_mask_operation
from nntracker_ray.models.refs import MOST_OUTPUTS, tensor_ref, tensor_refs
from nntracker_ray.models.tree import Call, Graph, Item, Leaf, Stack, TensorRef, class_of
from nntracker_ray.models.values import RefusedError, is_integer, shown
from nntracker_ray.records import JsonValue

ReadItem = Callable[[JsonValue, str], Item | None]
_MASK_ARGUMENTS = ("mask", "query_mask", "value_mask", "key_mask", "attention_mask")


@dataclass(frozen=True, slots=True)
class _Arguments:
    """One node's tensors: positional, each one tensor or a list, and by name."""

    positional: list[TensorRef | list[TensorRef]]
    named: Mapping[str, JsonValue]


class GraphReader:
    """Reads one Functional model."""

    def __init__(self, read_item: ReadItem, findings: Findings, where: str, prefix: str) -> None:
        self._read_item = read_item
        self._findings = findings
        self._where = where
        self._prefix = prefix
        self._items: dict[str, Item] = {}
        self._nodes: dict[str, list[JsonValue]] = {}
        self._masks = MaskOperations()

    def read(self, name: str, trainable: bool, config: Mapping[str, JsonValue]) -> Graph | None:
        """The graph, or None if its layers or links cannot be read (the findings say why)."""
        for data in config["layers"]:
            self._read_layer(data)
        if self._findings:
            return None
        calls = {layer: self._calls(layer) for layer in self._items}
        inputs = self._ends("input_layers", config)
        outputs = self._ends("output_layers", config)
        if self._findings:
            return None
        calls, outputs = _zero_based(self._items, calls, outputs)
        self._check_targets(calls, inputs, outputs)
        order = () if self._findings else self._ordered(calls, inputs, outputs)
        if self._findings:
            return None
        layers = {layer: self._items[layer] for layer in dict.fromkeys(layer for layer, _ in order)}
        return Graph(name, trainable, layers, calls, order, inputs, outputs)

    def _read_layer(self, data: JsonValue) -> None:
        if is_mask_operation(data):
            self._masks.add(data)
            return
        item = self._read_item(data, self._prefix)
        if item is None:
            return
        nodes = data.get("inbound_nodes", [])
        if item.name in self._items:
            self._findings.add(self._where, f"two layers are named {item.name!r}; layer names must differ")
        elif data.get("name", item.name) != item.name:
            self._findings.add(self._label(item), f"is called {shown(data['name'])} outside its config")
        elif not isinstance(nodes, list):
            self._findings.add(self._label(item), f"inbound_nodes {shown(nodes)} is not a list")
        else:
            self._items[item.name] = item
            self._nodes[item.name] = nodes

    def _label(self, item: Item) -> str:
        return layer_label(self._prefix, item.name, class_of(item))

    # --- calls -----------------------------------------------------------------------------------------------

    def _calls(self, layer: str) -> tuple[Call, ...]:
        item, calls = self._items[layer], []
        for node in self._nodes[layer]:
            try:
                calls.append(self._call(item, _arguments(node)))
            except RefusedError as refused:
                self._findings.add(self._label(item), f"inbound node: {refused}")
        return tuple(calls)

    def _call(self, item: Item, given: _Arguments) -> Call:
        positional, named = list(given.positional), dict(given.named)
        switches = self._switches(item, named)
        names = item.kind.inputs if isinstance(item, Leaf) else ()
        inputs: list[TensorRef] = []
        state: list[TensorRef] = []
        for number, argument in enumerate(positional):
            refs = argument if isinstance(argument, list) else [argument]
            is_state = number == 1 and _takes_state(item)
            (state if is_state else inputs).extend(refs)
        if _takes_state(item) and len(inputs) > 1 and not state:
            inputs, state = inputs[:1], inputs[1:]  # Keras 2 lists the initial state after the sequence
        if "initial_state" in named and _takes_state(item):
            state = list(tensor_refs(_no_none(named.pop("initial_state"))))
        for name in names[len(inputs) :]:
            if named.get(name) is not None:
                inputs.extend(tensor_refs(named.pop(name)))
            named.pop(name, None)
        self._refuse_rest(named)
        return Call(tuple(inputs), tuple(state), switches)

    def _switches(self, item: Item, named: dict[str, JsonValue]) -> dict[str, bool]:
        allowed = ("training", *(item.kind.call_switches if isinstance(item, Leaf) else ()))
        found = {}
        for key in allowed:
            value = named.pop(key, None)
            if value not in (None, True, False) or is_integer(value):
                raise RefusedError(f"{key} must be true, false or null, not {shown(value)}")
            # `training: false` is written by Keras for masked recurrent layers; kept, dropout would never act.
            if value:
                found[key] = True
        return found

    def _refuse_rest(self, named: dict[str, JsonValue]) -> None:
        for key, value in named.items():
            if value is None:
                continue
            if key not in _MASK_ARGUMENTS:
                raise RefusedError(f"call argument {shown(key)} is not allowed")
            for ref in tensor_refs(
                [entry for entry in value if entry is not None] if isinstance(value, list) else value
            ):
                self._masks.refuse_unless_implied(ref, self._items, self._nodes)

    def _ends(self, key: str, config: Mapping[str, JsonValue]) -> tuple[TensorRef, ...]:
        try:
            found = tuple(tensor_refs(config.get(key)))
        except RefusedError as refused:
            self._findings.add(self._where, f"{key}: {refused}")
            return ()
        if not found or len(found) > MOST_OUTPUTS:
            self._findings.add(self._where, f"{key} must name 1 to {MOST_OUTPUTS} tensors")
        return found

    # --- the whole -------------------------------------------------------------------------------------------

    def _check_targets(
        self,
        calls: Mapping[str, tuple[Call, ...]],
        inputs: tuple[TensorRef, ...],
        outputs: tuple[TensorRef, ...],
    ) -> None:
        for layer, uses in calls.items():
            is_input = class_of(self._items[layer]) == "InputLayer"
            if is_input == bool(uses):
                problem = "an input cannot be called on something" if uses else "is connected to nothing"
                self._findings.add(self._label(self._items[layer]), problem)
            for ref in (ref for use in uses for ref in use.sources):
                self._check_target(self._label(self._items[layer]), ref, calls)
            if any(not use.inputs for use in uses):
                self._findings.add(self._label(self._items[layer]), "is called without an input tensor")
        for ref in outputs:
            self._check_target(f"{self._where}, output_layers", ref, calls)
        for ref in inputs:
            if ref.call or ref.output:
                self._findings.add(
                    self._where,
                    f"input_layers: an input has one tensor, [{shown(ref.layer)}, 0, 0], "
                    f"and no [{shown(ref.layer)}, {ref.call}, {ref.output}]",
                )
        given = [ref.layer for ref in inputs]
        own = [layer for layer, item in self._items.items() if class_of(item) == "InputLayer"]
        if sorted(given) != sorted(own):
            self._findings.add(
                self._where, f"input_layers {given[:8]} must name each InputLayer once: {own[:8]}"
            )

    def _check_target(self, where: str, ref: TensorRef, calls: Mapping[str, tuple[Call, ...]]) -> None:
        if ref.layer not in calls:
            self._findings.add(where, f"refers to the unknown layer {shown(ref.layer)}")
        elif ref.call >= max(1, len(calls[ref.layer])):
            self._findings.add(
                where,
                f"refers to call {ref.call} of {ref.layer!r}, which is called {len(calls[ref.layer])} time(s)",
            )

    def _ordered(
        self,
        calls: Mapping[str, tuple[Call, ...]],
        inputs: tuple[TensorRef, ...],
        outputs: tuple[TensorRef, ...],
    ) -> tuple[tuple[str, int], ...]:
        """Every call after its sources (depth first from the outputs, without recursion)."""
        done: dict[tuple[str, int], None] = {(ref.layer, 0): None for ref in inputs}
        for output in outputs:
            if not _visit((output.layer, output.call), calls, done):
                self._findings.add(self._where, "its layers form a circle")
                return ()
        unused = [
            f"{layer!r}" for layer, uses in calls.items() for n in range(len(uses)) if (layer, n) not in done
        ]
        if unused:
            self._findings.add(
                self._where,
                f"leads to no output: {', '.join(unused[:8])}. Remove it, or add it to the outputs",
            )
        return tuple(done)


def _visit(
    start: tuple[str, int], calls: Mapping[str, tuple[Call, ...]], done: dict[tuple[str, int], None]
) -> bool:
    """Append `start` after all it needs to `done`; False if it needs itself."""
    path: list[tuple[tuple[str, int], Iterator[TensorRef]]] = []
    open_calls: set[tuple[str, int]] = set()

    def enter(node: tuple[str, int]) -> None:
        uses = calls[node[0]]
        path.append((node, iter(uses[node[1]].sources if uses else ())))
        open_calls.add(node)

    if start not in done:
        enter(start)
    while path:
        node, sources = path[-1]
        ref = next(sources, None)
        if ref is None:
            path.pop()
            open_calls.discard(node)
            done[node] = None
        elif (ref.layer, ref.call) in open_calls:
            return False
        elif (ref.layer, ref.call) not in done:
            enter((ref.layer, ref.call))
    return True


def _takes_state(item: Item) -> bool:
    return isinstance(item, Leaf) and item.kind.takes_state


def _no_none(value: JsonValue) -> JsonValue:
    return [] if value is None else value


def _arguments(node: JsonValue) -> _Arguments:
    """Raises: RefusedError: neither Keras 2's list nor Keras 3's {"args", "kwargs"}."""
    if isinstance(node, dict):
        if (
            set(node) != {"args", "kwargs"}
            or not isinstance(node["args"], list)
            or not isinstance(node["kwargs"], dict)
        ):
            raise RefusedError(f"{shown(node)} is not {{'args': [...], 'kwargs': {{...}}}}")
        return _Arguments(
            [_one_or_list(entry) for entry in node["args"] if entry is not None], node["kwargs"]
        )
    if not isinstance(node, list) or not node:
        raise RefusedError(f"{shown(node)} is not an inbound node")
    entries = [node] if isinstance(node[0], str) else node
    named: dict[str, JsonValue] = {}
    for entry in entries:
        if isinstance(entry, list) and len(entry) == 4:
            if not isinstance(entry[3], dict):
                raise RefusedError(f"call arguments {shown(entry[3])} are not an object")
            named |= entry[3]
    refs = list(tensor_refs(entries))
    return _Arguments([refs[0] if len(refs) == 1 else refs], named)


def _one_or_list(entry: JsonValue) -> TensorRef | list[TensorRef]:
    ref = tensor_ref(entry)
    return ref if ref is not None else list(tensor_refs(entry))


def _zero_based(
    items: Mapping[str, Item], calls: dict[str, tuple[Call, ...]], outputs: tuple[TensorRef, ...]
) -> tuple[dict[str, tuple[Call, ...]], tuple[TensorRef, ...]]:
    """Calls of nested models counted from 0.

    Keras 2 counts a nested model's own graph as its call 0, so that its first use is call 1; Keras 3 does the
    same in output_layers only, and for Functional models only. Where a reference reaches past the last call,
    the counting began at 1.
    """
    between = _shifted(items, calls, [ref for uses in calls.values() for use in uses for ref in use.sources])
    at_end = _shifted(items, calls, outputs) | {
        ref.layer for ref in outputs if isinstance(items.get(ref.layer), Graph)}  # fmt: skip

    def moved(ref: TensorRef, names: set[str]) -> TensorRef:
        return ref._replace(call=ref.call - 1) if ref.layer in names and ref.call > 0 else ref

    new_calls = {
        layer: tuple(
            Call(
                tuple(moved(r, between) for r in use.inputs),
                tuple(moved(r, between) for r in use.state),
                use.switches,
            )
            for use in uses
        )
        for layer, uses in calls.items()
    }
    return new_calls, tuple(moved(ref, at_end) for ref in outputs)


def _shifted(
    items: Mapping[str, Item],
    calls: Mapping[str, tuple[Call, ...]],
    refs: list[TensorRef] | tuple[TensorRef, ...],
) -> set[str]:
    used: dict[str, list[int]] = {}
    for ref in refs:
        if isinstance(items.get(ref.layer), Graph | Stack):
            used.setdefault(ref.layer, []).append(ref.call)
    return {name for name, numbers in used.items() if 0 not in numbers and max(numbers) >= len(calls[name])}
