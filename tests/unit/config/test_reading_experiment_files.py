import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from nntracker_ray.config import read_config
from nntracker_ray.errors import ConfigError
from nntracker_ray.records import NamedConf

CONFIGS = Path(__file__).parents[2] / "data" / "configs"


def problems_of(source, catalog):
    """Path -> message of every problem of a source that must be refused."""
    with pytest.raises(ConfigError) as caught:
        read_config(source, catalog=catalog)
    return {problem.path: problem.message for problem in caught.value.problems}


class TestTheOriginalTrackersFile:
    def test_is_accepted_unchanged(self, catalog):
        """People who come with files of the original tracker must not have to edit them."""
        config = read_config(CONFIGS / "tracker_config.json", catalog=catalog)

        assert config.name == "FileSim"
        assert config.optimizers == (NamedConf("RMSprop"),)
        assert config.loss_functions == (NamedConf("SparseCategoricalCrossentropy", {"from_logits": True}),)
        assert config.learning_rates == (0.01, 0.1)
        assert (config.folds.kind, config.folds.count, config.k_fold_tag) == ("k-fold", 2, "File")
        assert [metric.name for metric in config.extra_metrics] == ["KLDivergence", "LogCoshError"]
        assert config.dataset_ref("test", digest="d", name="n").feature_name == "x_test"


class TestJsonAndYaml:
    def test_say_the_same(self, catalog, minimal, tmp_path):
        """The format is a matter of taste; the runs must not depend on it."""
        given = minimal | {"learning_rates": [1e-3, 0.1], "tags": ["on", "010", "2020-01-01"]}
        (tmp_path / "e.json").write_text(json.dumps(given))
        (tmp_path / "e.yaml").write_text(yaml.safe_dump(given))

        from_json = read_config(tmp_path / "e.json", catalog=catalog)
        from_yaml = read_config(tmp_path / "e.yaml", catalog=catalog)

        assert from_json == from_yaml == read_config(given, catalog=catalog)

    def test_text_is_read_like_a_file(self, catalog, minimal):
        """The web form and REST hand over text, not paths."""
        assert read_config(json.dumps(minimal), catalog=catalog) == read_config(minimal, catalog=catalog)
        assert read_config(yaml.safe_dump(minimal), catalog=catalog) == read_config(minimal, catalog=catalog)

    @pytest.mark.parametrize("written", ["1e-3", "1E-3", "1.0e-3", ".001", "+1e-03"])
    def test_a_yaml_number_in_scientific_notation_is_a_number(self, catalog, minimal, written):
        """YAML 1.1 readers make text of `1e-3`, the commonest way to write a learning rate."""
        text = yaml.safe_dump(minimal) + f"learning_rates: [{written}]\n"

        assert read_config(text, catalog=catalog).learning_rates == (0.001,)

    @pytest.mark.parametrize("written", ["on", "off", "yes", "No", "1:30", "2020-01-01", "1_000", "<<"])
    def test_yaml_words_with_a_second_meaning_in_1_1_stay_text(self, catalog, minimal, written):
        """A tag called `on` must not become `True`."""
        text = yaml.safe_dump(minimal) + f"tags: [{written}]\n"

        assert read_config(text, catalog=catalog).tags == (written,)

    def test_a_leading_zero_does_not_mean_octal(self, catalog, minimal):
        """`batch_size: 010` would silently be 8 in YAML 1.1."""
        assert read_config(yaml.safe_dump(minimal) + "batch_size: 010\n", catalog=catalog).batch_size == 10

    def test_a_byte_order_mark_is_no_problem(self, catalog, minimal, tmp_path):
        """Windows editors write one."""
        (tmp_path / "e.json").write_text(json.dumps(minimal), encoding="utf-8-sig")

        assert read_config(tmp_path / "e.json", catalog=catalog).name == "Small"

    def test_a_mapping_may_hold_numpy_numbers_and_tuples(self, catalog, minimal):
        """Notebooks write `learning_rates=tuple(np.logspace(...))`."""
        given = minimal | {"learning_rates": tuple(np.logspace(-3, -2, 2)), "batch_size": np.int64(8)}

        config = read_config(given, catalog=catalog)

        assert config.learning_rates == (0.001, 0.01)
        assert type(config.batch_size) is int


class TestTextThatCannotBeRead:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "is not JSON"),
            ('{"name": "x",}', "line 1, column"),
            ("a: [1", "is not YAML"),
            ("a: 1\nb: {\n", "line"),
            ("", "must hold an object"),
            ("examples/digits/experiment.json", "path as a Path"),
            ("- a\n- b\n", "came list"),
            ("a: 1\n---\nb: 2\n", "is not YAML"),
            ("? [a]\n: 1\n", "key must be text"),
            ("name: !!python/object/apply:os.system [id]\n", "is not YAML"),
            ("name: !!timestamp x\n", "is not YAML"),
            ("total_epochs: !!int abc\n", "not usable YAML"),
            ("name: \x01\n", "is not usable YAML"),
            ('{"total_epochs": ' + "9" * 5000 + "}", "not usable JSON"),
            ('{"model": ' + "[" * 100_000, "nested too deeply"),
            ("model: " + "[" * 100_000, "nested too deeply"),
            ("{" + " " * 1_000_000, "longer than 1,000,000"),
            ("name: " + "x" * 200_000, "longer than 200,000"),
        ],
    )
    def test_is_refused_as_a_whole_saying_why(self, catalog, text, said):
        """A file from anywhere may be broken or hostile; the answer is a sentence, never a crash."""
        found = problems_of(text, catalog)

        assert list(found) == [""]
        assert said in found[""]

    def test_a_missing_file_is_named(self, catalog, tmp_path):
        """The most common mistake of all."""
        with pytest.raises(ConfigError, match=r"nowhere\.json: 1 problem\n.*No such file"):
            read_config(tmp_path / "nowhere.json", catalog=catalog)

    def test_a_file_that_is_not_utf8_says_so(self, catalog, tmp_path):
        """Latin-1 text would otherwise reach people as damaged names."""
        (tmp_path / "e.yaml").write_bytes("name: Größe".encode("latin-1"))

        assert "UTF-8" in problems_of(tmp_path / "e.yaml", catalog)[""]

    def test_a_huge_file_is_not_read_into_memory(self, catalog, tmp_path):
        """Nobody's experiment is a gigabyte."""
        with (tmp_path / "e.json").open("wb") as file:
            file.truncate(2**30)

        assert "longer than" in problems_of(tmp_path / "e.json", catalog)[""]

    def test_yaml_aliases_cannot_unfold_without_bound(self, catalog):
        """Nine lines of aliases make a billion values ("billion laughs")."""
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]

        assert "aliases" in problems_of("\n".join(lines), catalog)[""]

    def test_a_yaml_alias_cannot_contain_itself(self, catalog):
        """A circle has no end."""
        assert "contains itself" in problems_of("tags: &t [*t]\n", catalog)[""]

    def test_an_ordinary_yaml_alias_works(self, catalog, minimal):
        """Aliases are refused for what they unfold to, not for being there."""
        text = yaml.safe_dump(minimal) + "k-fold_tag: &t here\ntags: [*t]\n"

        assert read_config(text, catalog=catalog).tags == ("here",)


class TestFilesMadeToKeepTheReaderBusy:
    @pytest.mark.parametrize(
        "source",
        [
            json.dumps({f"k{i}": 1 for i in range(9_000)}),
            json.dumps({"optimizers": ["adm"] * 10_000}),
            json.dumps(
                {"optimizers": [{"optimizer": "adam", "conf": {f"k{i}": 1 for i in range(9_999)}}] * 5}
            ),
            json.dumps({"learning_rates": [-1] * 10_000}),
        ],
        ids=["keys", "names", "arguments", "values"],
    )
    def test_are_answered_with_the_first_problems(self, catalog, source):
        """Nobody reads ten thousand messages, and finding hints for them takes minutes."""
        with pytest.raises(ConfigError, match="the first 200 problems are listed") as caught:
            read_config(source, catalog=catalog)

        assert len(caught.value.problems) == 201

    def test_have_lists_of_bounded_length(self, catalog, minimal):
        """A grid has at most 100,000 runs; no list of it is longer than ten thousand."""
        assert problems_of(minimal | {"tags": ["x"] * 10_001}, catalog) == {
            "tags": "holds 10,001 entries; allowed: 10,000"
        }


class TestRepeatedKeys:
    @pytest.mark.parametrize(
        "text",
        [
            '{"batch_size": 1, "batch_size": 2, "resources": {"cpu": 1, "cpu": 2}}',
            "batch_size: 1\nbatch_size: 2\nresources: {cpu: 1, cpu: 2}\n",
        ],
        ids=["json", "yaml"],
    )
    def test_are_refused_at_every_level(self, catalog, text):
        """Parsers keep the last one without a word; the person meant one of the two."""
        found = problems_of(text, catalog)

        assert "more than once" in found["batch_size"]
        assert "more than once" in found["resources.cpu"]

    def test_two_spellings_of_one_key_are_refused(self, catalog, minimal):
        """`k-fold_validation` and `kfold_validation` cannot both be meant."""
        found = problems_of(minimal | {"k-fold_validation": 2, "kfold_validation": 3}, catalog)

        assert found == {
            "kfold_validation": "says the same as 'k-fold_validation', which also came; keep one"
        }


class TestTextThatNoDatabaseHolds:
    @pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
    def test_is_refused_wherever_it_is(self, catalog, minimal, bad):
        """PostgreSQL stores neither NUL nor half a surrogate pair, and would fail long after the submission."""
        given = minimal | {"model": {"config": {"name": bad}}, "tags": [bad]}

        assert set(problems_of(given, catalog)) == {"model.config.name", "tags[0]"}
