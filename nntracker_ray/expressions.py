"""Small formulas that people write into files: checked whole before anything runs, and unable to do anything but sums.

A formula is parsed by Python's own parser and never executed: its tree is walked here, and only the kinds of nodes
named below have a meaning. Every number is a float64, so that no operation takes longer than another.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nntracker_ray.errors import did_you_mean

LONGEST: Final = 500  # characters
DEEPEST: Final = 50  # levels of nesting


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a formula, and where."""

    column: int  # 1-based
    message: str

    def __str__(self) -> str:
        return f"column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Function:
    compute: Callable[..., float]
    fewest: int = 1
    most: int = 1


_FUNCTIONS: Final[Mapping[str, _Function]] = {
    "min": _Function(min, 2, LONGEST),
    "max": _Function(max, 2, LONGEST),
    "abs": _Function(abs),
    "sqrt": _Function(math.sqrt),
    "exp": _Function(math.exp),
    "log": _Function(math.log),
    "sin": _Function(math.sin),
    "cos": _Function(math.cos),
    "floor": _Function(math.floor),
    "ceil": _Function(math.ceil),
}
_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,  # unlike ** it never makes a complex number
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ALLOWED: Final = (
    "numbers, names, + - * / // % **, comparisons, and or not, A if B else C, and the functions "
    + (", ".join(_FUNCTIONS))
)


def mistakes_in(text: str) -> list[Mistake]:
    """Everything that keeps the text from being a formula, in its order; names are looked at by `names_in`."""
    if len(text) > LONGEST:
        return [Mistake(LONGEST + 1, f"a formula has at most {LONGEST} characters; this has {len(text)}")]
    for place, character in enumerate(text):
        if not " " <= character <= "~":
            return [Mistake(place + 1, f"{character!r} has no meaning in a formula; allowed: {_ALLOWED}")]
    try:
        tree = ast.parse(text.strip(" "), mode="eval").body
    except SyntaxError as error:
        # An end that came too early is reported at place 0.
        place = _start(text) + error.offset if error.offset else len(text.rstrip(" ")) + 1
        return [Mistake(place, f"this is no formula ({error.msg})")]
    except (ValueError, MemoryError, RecursionError):
        return [Mistake(1, "this formula is nested too deep; make it simpler")]
    found = [Mistake(_start(text) + column + 1, message) for column, message in _mistakes(tree, 0)]
    return sorted(found, key=lambda mistake: mistake.column)


def names_in(text: str) -> dict[str, int]:
    """The names of values that a formula needs, each with the column (1-based) of its first use."""
    names: dict[str, int] = {}
    tree = _tree(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and id(node) not in called:
            column = _start(text) + node.col_offset + 1
            names[node.id] = min(column, names.get(node.id, column))
    return names


def value_of(text: str, values: Mapping[str, float]) -> float:
    """What the formula gives for these values; nan where a sum has no result, as the root of -1.

    Raises:
        LookupError: A name has no value.
    """
    try:
        return float(_value(_tree(text), values))
    except (ArithmeticError, ValueError):
        return math.nan


def _tree(text: str) -> ast.expr:
    return ast.parse(text.strip(" "), mode="eval").body


def _start(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


# --- checking --------------------------------------------------------------------------------------------------


def _mistakes(node: ast.expr, depth: int) -> Iterator[tuple[int, str]]:
    if depth > DEEPEST:
        yield node.col_offset, f"more than {DEEPEST} levels of nesting; make it simpler"
        return
    if isinstance(node, ast.Constant):
        yield from _mistakes_of_constant(node)
    elif isinstance(node, ast.Name):
        if node.id in _FUNCTIONS:
            yield node.col_offset, f"'{node.id}' is a function; write {node.id}(...)"
    elif isinstance(node, ast.Call):
        yield from _mistakes_of_call(node)
    elif isinstance(node, ast.BinOp | ast.UnaryOp) and type(node.op) not in _OPERATORS:
        yield node.col_offset, f"this operator has no meaning here; allowed: {_ALLOWED}"
    elif isinstance(node, ast.Compare) and any(type(one) not in _OPERATORS for one in node.ops):
        yield node.col_offset, "of comparisons < <= > >= == != are allowed"
    elif not isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp | ast.IfExp):
        yield node.col_offset, f"this has no meaning in a formula; allowed: {_ALLOWED}"
        return
    for part in _parts(node):
        yield from _mistakes(part, depth + 1)


def _mistakes_of_constant(node: ast.Constant) -> Iterator[tuple[int, str]]:
    if type(node.value) not in (int, float):
        yield node.col_offset, f"{node.value!r:.40} is no number; allowed: {_ALLOWED}"
    elif not _fits_a_float(node.value):
        yield node.col_offset, "this number is too large"


def _mistakes_of_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    known = ", ".join(_FUNCTIONS)
    if not isinstance(node.func, ast.Name):
        yield node.col_offset, f"only functions can be called; known: {known}"
        return
    name = node.func.id
    if name not in _FUNCTIONS:
        yield (
            node.col_offset,
            f"unknown function '{name}'; known: {known}. {did_you_mean(name, _FUNCTIONS)}".strip(),
        )
        return
    fewest, most = _FUNCTIONS[name].fewest, _FUNCTIONS[name].most
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    if node.keywords or starred:
        yield node.col_offset, f"{name}() takes plain values only"
    elif not fewest <= len(node.args) <= most:
        wanted = "one value" if most == 1 else f"{fewest} or more values"
        yield node.col_offset, f"{name}() takes {wanted}; came {len(node.args)}"


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]


def _fits_a_float(number: Any) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


# --- computing -------------------------------------------------------------------------------------------------


def _value(node: ast.expr, values: Mapping[str, float]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return float(values[name])
        case _ if type(node) in _COMPUTE:
            return _COMPUTE[type(node)](node, values)
    raise ValueError(f"{ast.dump(node):.100} is no part of a formula; check it with mistakes_in first")


def _called(node: Any, values: Mapping[str, float]) -> float:
    return float(_FUNCTIONS[node.func.id].compute(*(_value(argument, values) for argument in node.args)))


def _computed(node: Any, values: Mapping[str, float]) -> Any:
    return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))


def _signed(node: Any, values: Mapping[str, float]) -> Any:
    return _OPERATORS[type(node.op)](_value(node.operand, values))


def _chosen(node: Any, values: Mapping[str, float]) -> Any:
    return _value(node.body if _value(node.test, values) else node.orelse, values)


def _joined(node: Any, values: Mapping[str, float]) -> bool:
    truths = (bool(_value(part, values)) for part in node.values)
    return all(truths) if isinstance(node.op, ast.And) else any(truths)


def _compared(node: Any, values: Mapping[str, float]) -> bool:
    terms = [_value(term, values) for term in (node.left, *node.comparators)]
    pairs = zip(node.ops, terms, terms[1:], strict=False)
    return all(_OPERATORS[type(sign)](left, right) for sign, left, right in pairs)


_COMPUTE: Final[Mapping[type[ast.AST], Callable[[Any, Mapping[str, float]], Any]]] = {
    ast.Call: _called,
    ast.BinOp: _computed,
    ast.UnaryOp: _signed,
    ast.IfExp: _chosen,
    ast.BoolOp: _joined,
    ast.Compare: _compared,
}
