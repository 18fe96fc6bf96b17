"""Submitting an experiment: its files are sent by content, each once; then the experiment itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from nntracker_ray.client.api import Api
from nntracker_ray.config import read_config
from nntracker_ray.config.problems import Problems
from nntracker_ray.config.reading import read_tree, source_name
from nntracker_ray.errors import BadInputError, ConfigError, Problem
from nntracker_ray.home import Home
from nntracker_ray.models.catalog import load_catalog
from nntracker_ray.records import JsonValue

DATASETS: Final = ("dataset_train", "dataset_val", "dataset_test")
MODEL: Final = "model"
LONGEST_NAME = 90
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Made:
    experiment_id: UUID


@dataclass(frozen=True, slots=True)
class _Found:
    total: int


@dataclass(frozen=True, slots=True)
class _Digest:
    digest: str


@dataclass(frozen=True, slots=True)
class _Wrong:
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class _Preview:
    problems: list[_Wrong]


def submit_experiment(
    api: Api,
    source: Path | Mapping[str, Any],
    *,
    home: Home,
    model: Path | str | None = None,
    report: Report = lambda _: None,
) -> UUID:
    """Send an experiment with what it needs. Returns its id; the same again is the same experiment.

    Args:
        source: Path of a JSON or YAML file, or the same as a mapping. Its files are looked for beside it.
        home: Where this machine keeps what it knows of Keras.
        model: File with Keras model JSON when the experiment names none.
        report: Told what is being done.
    Raises: ConfigError: Every problem found in the experiment, its data and its model, each with its place.
    """
    name = source_name(source)
    report("reading the experiment")
    read_config(source, catalog=load_catalog(home))
    tree = read_tree(source, Problems())
    base = source.parent if isinstance(source, Path) else Path.cwd()
    if model is not None and not tree.get(MODEL):
        tree[MODEL] = str(Path(model).resolve())
    sent = _Sending(api, base, tree, report)
    sent.send_all()
    if sent.problems:
        raise ConfigError([*sent.problems, *_further_problems(api, tree, sent.broken)], name)
    report("checking that data and model fit")
    try:
        return api.send_text(_Made, "/api/experiments", json.dumps(tree)).experiment_id
    except ConfigError as error:
        raise ConfigError(error.problems, name) from None


def _further_problems(api: Api, tree: JsonValue, broken: frozenset[str]) -> list[Problem]:
    """What else is wrong, so that a person hears of all of it at once."""
    preview = api.send_text(_Preview, "/api/experiments/preview", json.dumps(tree))
    return [Problem(one.path, one.message) for one in preview.problems if one.path not in broken]


@dataclass
class _Sending:
    """Puts digests in the place of files, and notes what cannot be sent."""

    api: Api
    base: Path
    tree: dict[str, JsonValue]
    report: Report
    problems: list[Problem] = field(default_factory=list)

    @property
    def broken(self) -> frozenset[str]:
        """Places of which a problem is known already."""
        return frozenset(one.path for one in self.problems)

    def send_all(self) -> None:
        """Send the datasets and the model, as far as they are files."""
        for key in self.tree:
            kind = _kind(key)
            value = self.tree[key]
            if kind is None or not isinstance(value, str) or not _may_be_file(value):
                continue
            try:
                self.tree[key] = self._sent(kind, value)
            except BadInputError as error:
                self.problems.append(Problem(key, str(error)))

    def _sent(self, kind: str, value: str) -> str:
        path = self.base / Path(value).expanduser()
        if not path.is_file():
            return self._stored_name(kind, value, path)
        self.report(f"sending {value}")
        digest = _sha256(path)
        if kind == "datasets" and self._is_there(kind, digest=digest):
            return f"sha256:{digest}"
        made = self.api.upload(_Digest, f"/api/{kind}", path, name=_name(path), renumber=True)
        return f"sha256:{made.digest.removeprefix('sha256:')}"

    def _stored_name(self, kind: str, value: str, path: Path) -> str:
        """The value itself, where something stored is called so. Raises: BadInputError: Neither file nor stored."""
        if "/" not in value and self._is_there(kind, name=value):
            return value
        what = "model" if kind == "models" else "dataset"
        raise BadInputError(f"there is no file {str(path)!r}, and no stored {what} is called {value!r}")

    def _is_there(self, kind: str, **asked: str) -> bool:
        return self.api.read(_Found, f"/api/{kind}", limit=1, **asked).total > 0


def _kind(key: str) -> str | None:
    """Where what stands under this key of an experiment file is sent."""
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    if plain == MODEL:
        return "models"
    return "datasets" if plain in DATASETS else None


def _may_be_file(value: str) -> bool:
    text = value.strip()
    return not text.startswith(("sha256:", "{")) and not re.match(
        r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE
    )


def _name(path: Path) -> str:
    """A name that the platform takes, like the file's own."""
    stem = re.sub(r"[^\w.()+ -]", "_", path.stem).lstrip("._- ") or "file"
    return f"{stem[: LONGEST_NAME - len(path.suffix)]}{path.suffix}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
