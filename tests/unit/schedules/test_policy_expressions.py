"""A formula of the experiment file computes, says what is wrong with it, and can do nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.expressions import LONGEST, mistakes_in, names_in, value_of

VALUES = {"epoch": 25.0, "initial": 0.1, "rate": 0.05, "val_loss": 2.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("initial * 0.5 ** floor(epoch / 10)", 0.1 * 0.5**2),
        ("rate if val_loss < 3 else rate / 2", 0.05),
        ("rate if val_loss > 3 or epoch == 24 else rate / 2", 0.025),
        ("rate if 20 <= epoch < 30 and not val_loss > 3 else 1", 0.05),
        ("max(1e-6, min(initial, rate), 0.01)", 0.05),
        ("sqrt(4) + exp(0) + log(1) + sin(0) + cos(0) + abs(-1) + ceil(0.5)", 6.0),
        ("-epoch // 10 + epoch % 10 - +1", -3 + 5 - 1),
        ("  epoch ", 25.0),
        ("2 ** 3 ** 2", 512.0),
    ],
)
def test_a_formula_gives_what_it_says(text: str, value: float):
    """The rules of reading are Python's, which people know."""
    assert mistakes_in(text) == []
    assert value_of(text, VALUES) == value


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(-1)",
        "log(0)",
        "1 / 0",
        "epoch % 0",
        "(-8) ** 0.5",
        "floor(1e308 * 10)",
        "1e300 ** 2",
        "exp(1e9)",
    ],
)
def test_a_sum_without_a_result_is_nan(text: str):
    """The training goes on with the rate it has; a formula cannot end it."""
    assert mistakes_in(text) == []
    assert math.isnan(value_of(text, VALUES))


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "no formula"),
        ("initial *", 10, "no formula"),
        ("initial; 1", 8, "no formula"),
        ("epoch.real", 1, "no meaning"),
        ("  2 * epoch.real", 7, "no meaning"),
        ("initial[0]", 1, "no meaning"),
        ("'text'", 1, "no number"),
        ("1 + True", 5, "no number"),
        ("1j", 1, "no number"),
        ("[x for x in y]", 1, "no meaning"),
        ("lambda: 1", 1, "no meaning"),
        ("(a := 1)", 2, "no meaning"),
        ("await x", 1, "no meaning"),
        ("f'{epoch}'", 1, "no meaning"),
        ("__import__('os')", 1, "unknown function"),
        ("floot(1)", 1, "Did you mean 'floor'"),
        ("floor(1, 2)", 1, "takes one value; came 2"),
        ("min(1)", 1, "takes 2 or more values; came 1"),
        ("min(*epoch)", 1, "plain values"),
        ("min(1, key=2)", 1, "plain values"),
        ("(floor)(1)(2)", 1, "only functions"),
        ("floor + 1", 1, "write floor(...)"),
        ("epoch | 1", 1, "operator"),
        ("~epoch", 1, "operator"),
        ("epoch @ epoch", 1, "operator"),
        ("epoch in (1, 2)", 1, "comparisons"),
        ("1e999", 1, "too large"),
        ("1 + " + "9" * 400, 5, "too large"),
        ("épochs", 1, "no meaning"),
        ("1 +\n1", 4, "no meaning"),
        ("1 + \x00", 5, "no meaning"),
        ("1" * (LONGEST + 1), LONGEST + 1, "at most"),
        ("(" * 240 + "1" + ")" * 240, 201, "no formula"),
        ("-" * 400 + "1", 1, "nest"),
        ("(" * 60 + "1" + "+1)" * 60, 1, "nest"),
    ],
)
def test_every_mistake_is_told_with_its_place(text: str, column: int, words: str):
    """At submission, and not after the first ten epochs."""
    found = mistakes_in(text)

    assert words in found[0].message
    assert found[0].column == column or words == "nest"


def test_all_mistakes_of_a_formula_are_told_at_once():
    """One round of corrections is enough."""
    found = mistakes_in("floot(1) + 'a' + epoch.real")

    assert [mistake.column for mistake in found] == [1, 12, 18]


def test_names_are_found_with_their_first_place():
    """So that a name that nobody measures is refused at submission."""
    assert names_in(" min(rate, val_loss * rate) + epochs") == {"rate": 6, "val_loss": 12, "epochs": 31}


@given(
    st.text(alphabet="epoch initial()+-*/%<>=.,0123456789eE'[]{}:;_~@|&^\\\"", max_size=60)
    | st.text(max_size=30)
)
def test_any_text_is_refused_or_a_number(text: str):
    """The file comes from anybody; its formula must neither raise nor run."""
    if mistakes_in(text):
        return

    values = dict.fromkeys(names_in(text), 2.0)

    assert isinstance(value_of(text, values), float)


def test_the_largest_powers_take_no_time():
    """In whole numbers this one would need more memory than there is."""
    assert math.isnan(value_of("9 ** 9 ** 9 ** 9", {}))


def test_a_name_without_a_value_is_an_error_of_its_own():
    """Regression has no accuracy: the caller says so once and keeps the rate."""
    with pytest.raises(LookupError):
        value_of("accuracy", {})
