"""A tree of plain values as the text of an experiment file."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from pydantic import ValidationError

from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.config.parsing import YamlLoader
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue


class _Dumper(yaml.SafeDumper):
    """Writes text in quotes wherever our reader would take it for something else."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """The same list twice is written twice: people edit what they read."""
        return True


class _Whole(dict[str, JsonValue]):
    """The file itself: a key a line, however short it is."""


def _represent_whole(dumper: yaml.SafeDumper, whole: _Whole) -> yaml.Node:
    node = dumper.represent_dict(whole)
    node.flow_style = False
    return node


_Dumper.add_representer(_Whole, _represent_whole)
_Dumper.yaml_implicit_resolvers = YamlLoader.yaml_implicit_resolvers


def file_of(config: JsonValue) -> str:
    """The text of a file that says the same as a stored configuration.

    Args:
        config: As `ExperimentConfig.canonical` gives it.
    Raises: BadInputError: It is none: an experiment that came from elsewhere.
    """
    try:
        return as_yaml(ExperimentConfig.model_validate(config).as_file())
    except ValidationError as error:
        raise BadInputError("this experiment was not submitted as a file, so there is none") from error


def as_yaml(tree: Mapping[str, JsonValue]) -> str:
    """The tree as YAML that `parse_yaml` reads as the same; keys stay in their order.

    >>> print(as_yaml({"name": "1e3", "learning_rates": [0.01], "tags": ["on"]}), end="")
    name: '1e3'
    learning_rates: [0.01]
    tags: [on]
    """
    if not tree:
        return ""
    return yaml.dump(
        _Whole(tree), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=96
    )
