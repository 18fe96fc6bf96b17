"""Trees written as YAML for people to read, edit and submit."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nntracker_ray.config.parsing import parse_yaml
from nntracker_ray.config.writing import as_yaml

EXAMPLES = Path(__file__).parents[3] / "examples"
WORDS = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(
        ["1e3", "on", "no", "~", "null", "010", "0x1", "true", ".inf", "a: b", "- y", "#x", " x"]
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(WORDS.filter(bool), VALUES, max_size=5))
def test_what_is_written_is_read_as_the_same(tree):
    """The form writes the file: text that looks like a number must stay text, and a number a number."""
    assert (parse_yaml(as_yaml(tree)) or {}) == tree


def test_a_whole_model_survives():
    """People paste models into experiments."""
    model = json.loads((EXAMPLES / "iris" / "model.json").read_text())

    assert parse_yaml(as_yaml({"model": model})) == {"model": model}


def test_short_lists_stay_on_one_line_and_keys_in_their_order():
    """The text is for people."""
    assert as_yaml({"name": "Iris", "total_epochs": 3}) == "name: Iris\ntotal_epochs: 3\n"
    assert as_yaml({"name": "Iris", "learning_rates": [0.1, 0.01], "batch_size": 16}) == (
        "name: Iris\nlearning_rates: [0.1, 0.01]\nbatch_size: 16\n"
    )
