import json
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.config import read_config

CONFIGS = Path(__file__).parents[2] / "data" / "configs"


def variants(catalog, *experiments):
    return [read_config(experiment, catalog=catalog) for experiment in experiments]


class TestOneExperimentHasOneCanonicalForm:
    def test_however_it_is_spelled(self, catalog, minimal):
        """Submitting again must find the same runs, even after the file was tidied."""
        one, other = variants(
            catalog,
            minimal
            | {"k-fold_validation": 2, "optimizers": [{"optimizer": "sgd", "conf": {"momentum": "0.9"}}]},
            {
                "folds": {"count": 2},
                "optimizer": {"conf": {"momentum": 0.9}, "optimizer": "SGD"},
                "batch_size": 32,
            }
            | dict(reversed(minimal.items())),
        )

        assert one == other
        assert one.canonical() == other.canonical()
        assert one.identity() == other.identity()

    def test_that_changes_with_every_value(self, catalog, minimal):
        """Two experiments in one identity would overwrite each other."""
        changes = [
            {"name": "Other"},
            {"batch_size": 8},
            {"seed": 1},
            {"tags": ["a"]},
            {"loss_functions": ["Huber"]},
            {"loss_functions": [{"loss_function": "MeanSquaredError", "conf": {"reduction": "sum"}}]},
            {"k-fold_validation": 2},
            {"sweep": {"batch_size": [32]}},
            {"scaling": "minmax"},
            {"extra-metrics": ["LogCoshError"]},
        ]

        found = variants(catalog, minimal, *(minimal | change for change in changes))

        assert len({config.identity() for config in found}) == len(changes) + 1

    def test_that_does_not_say_where_the_data_lies(self, catalog, minimal):
        """A moved folder is no new experiment; digests stand for content."""
        here, there = variants(
            catalog, minimal, minimal | {"dataset_train": "/elsewhere/t.npz", "model": "m.json"}
        )

        assert here.identity() == there.identity()

    def test_that_does_not_change_with_the_priority(self, catalog, minimal):
        """It says when, not what: raised and submitted again, it must not train everything twice."""
        urgent = read_config({**minimal, "priority": 10}, catalog=catalog)

        assert urgent.identity() == read_config(minimal, catalog=catalog).identity()
        assert read_config(urgent.as_file(), catalog=catalog).priority == 10

    def test_that_is_json(self, catalog):
        """It is stored in the database and shown as it is."""
        config = read_config(CONFIGS / "tracker_config.json", catalog=catalog)

        assert json.loads(json.dumps(config.canonical(), allow_nan=False)) == config.canonical()


class TestAConfigurationAsAFile:
    def test_reads_back_equal(self, catalog):
        """Form and file are two views of one configuration."""
        config = read_config(CONFIGS / "tracker_config.json", catalog=catalog)

        assert read_config(config.as_file(), catalog=catalog) == config
        assert read_config(json.dumps(config.as_file()), catalog=catalog) == config
        assert read_config(yaml.safe_dump(config.as_file()), catalog=catalog) == config

    def test_uses_the_usual_spellings_and_leaves_defaults_out(self, catalog, minimal):
        """People should recognise what they wrote."""
        given = minimal | {"k-fold_validation": 2, "extra-metrics": ["LogCoshError"], "batch_size": 32}

        written = read_config(given, catalog=catalog).as_file()

        assert set(written) == {*minimal, "k-fold_validation", "extra-metrics"}

    def test_keeps_text_that_looks_like_json(self, catalog, minimal):
        """The name "5" must not come back as a number."""
        entry = {"metric": "LogCoshError", "conf": {"name": '"5"'}}
        config = read_config(minimal | {"extra-metrics": [entry]}, catalog=catalog)

        assert config.extra_metrics[0].conf == {"name": "5"}
        assert read_config(config.as_file(), catalog=catalog) == config

    def test_keeps_a_swept_key_out_of_the_single_values(self, catalog, minimal):
        """Given and swept at once is refused, so it must not be written."""
        del minimal["total_epochs"]
        config = read_config(
            minimal | {"sweep": {"total_epochs": [3, 5], "batch_size": [8]}}, catalog=catalog
        )

        assert read_config(config.as_file(), catalog=catalog) == config

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_reads_back_equal_whatever_it_holds(self, catalog, minimal, data):
        """The round trip holds for every accepted configuration, not only for the examples."""
        words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
            lambda text: text.strip()
        )
        rates = st.lists(st.floats(1e-9, 10), min_size=1, max_size=4, unique=True)
        optional = {
            "learning_rates": rates,
            "tags": st.lists(words, max_size=4),
            "batch_size": st.integers(1, 1000),
            "seed": st.integers(0, 2**31 - 1),
            "repeats": st.integers(1, 9),
            "scaling": st.sampled_from(["none", "standard", "minmax"]),
            "k-fold_validation": st.integers(-1, 9),
            "k-fold_tag": words,
            "label_column": words,
            "early_stopping": st.one_of(
                st.booleans(), st.fixed_dictionaries({"patience": st.integers(0, 9)})
            ),
            "capture": st.fixed_dictionaries(
                {}, optional={"weights": st.booleans(), "layers": st.lists(words, min_size=1)}
            ),
            "one_hot": st.one_of(st.booleans(), st.lists(words, min_size=1)),
            "resources": st.fixed_dictionaries(
                {}, optional={"cpu": st.floats(0.1, 8), "gpu": st.sampled_from([0, 0.5, 2])}
            ),
            "optimizers": st.just([{"optimizer": "sgd", "conf": {"momentum": 0.5, "nesterov": "true"}}]),
            "extra-metrics": words.map(
                lambda name: [{"metric": "LogCoshError", "conf": {"name": json.dumps(name)}}]
            ),
        }
        experiment = minimal | data.draw(st.fixed_dictionaries({}, optional=optional))

        config = read_config(experiment, catalog=catalog)

        again = read_config(json.dumps(config.as_file()), catalog=catalog)
        assert again == config
        assert again.identity() == config.identity()
