import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.config import ExperimentConfig, read_config
from nntracker_ray.errors import ConfigError

KEYS = [
    *ExperimentConfig.model_fields,
    "k-fold_validation",
    "extra-metrics",
    "optimizer",
    "conf",
    "momentum",
    "kind",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["adam", "sgd", "Huber", "k-fold", "1e999", "NaN", "[1", '{"a": 1}', "\0", "9" * 5000]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=4)), inner),
    ),
    max_leaves=12,
)
EXPERIMENTS = st.dictionaries(st.sampled_from(KEYS), TREES, max_size=8)
YAML_TAGS = ("set", "int", "bool", "float", "binary", "map", "seq", "merge", "null", "timestamp")
YAML_PIECES = [
    *(
        "name: x\n",
        "- ",
        "&a ",
        "*a",
        "[",
        "]",
        "{",
        "}",
        ": ",
        "? ",
        "|\n",
        "\n",
        "  ",
        "<<",
        "---\n",
        "'",
        '"',
        "!!",
    ),
    *(f"!!{tag} " for tag in YAML_TAGS),
]
generous = settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read_or_refuse(source, catalog):
    """A checked configuration, or None when the source was refused in the one way that is allowed."""
    with suppress(ConfigError):
        return read_config(source, catalog=catalog)
    return None


class TestWhateverComes:
    @generous
    @given(text=st.text(max_size=60))
    def test_as_text_is_read_or_refused(self, catalog, text):
        """Any exception but ConfigError would be a server error for the one who submitted."""
        assert read_or_refuse(text, catalog) is None

    @generous
    @given(experiment=EXPERIMENTS)
    def test_as_a_tree_is_read_or_refused(self, catalog, minimal, experiment):
        """Values of every kind in every place."""
        config = read_or_refuse(minimal | experiment, catalog)

        assert config is None or read_config(config.as_file(), catalog=catalog) == config

    @generous
    @given(experiment=EXPERIMENTS, cut=st.integers(0, 200), noise=st.text(max_size=3))
    def test_as_damaged_json_is_read_or_refused(self, catalog, minimal, experiment, cut, noise):
        """Half an upload, a stray character."""
        text = json.dumps(minimal | experiment)
        place = cut % len(text)

        read_or_refuse(text[:place] + noise + text[place:], catalog)
        read_or_refuse(text[:place], catalog)

    @generous
    @given(
        pieces=st.lists(
            st.sampled_from(YAML_PIECES),
            max_size=25,
        )
    )
    def test_as_strange_yaml_is_read_or_refused(self, catalog, pieces):
        """YAML has corners that its own reader does not expect."""
        assert read_or_refuse("".join(pieces), catalog) is None


@pytest.mark.parametrize("depth", [90, 5_000, 200_000])
def test_deep_nesting_in_a_mapping_is_refused(catalog, minimal, depth):
    """A notebook can hand over anything."""
    tree = []
    for _ in range(depth):
        tree = [tree]

    assert read_or_refuse(minimal | {"tags": tree}, catalog) is None
