"""A platform as notebooks hold it: what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from nntracker_ray.client import frames
from nntracker_ray.client.api import Api
from nntracker_ray.client.archives import Imported, import_archive
from nntracker_ray.client.many_runs import Experiment, Runs
from nntracker_ray.client.one_run import Run
from nntracker_ray.client.reading import experiment_called, first_runs, run_called
from nntracker_ray.client.submitting import submit_experiment
from nntracker_ray.commands import Selection, parse_states, require_parts
from nntracker_ray.home import Home


@dataclass(frozen=True, slots=True)
class Client:
    """One platform, spoken to over HTTP."""

    api: Api

    def __repr__(self) -> str:
        return f"<Client of {self.api.url}>"

    def submit(
        self,
        experiment: Path | str | Mapping[str, Any],
        *,
        model: Path | str | None = None,
        home: Home | None = None,
    ) -> Experiment:
        """Queue an experiment; its data and model are sent there unless they are there already.

        Args:
            experiment: Path of a JSON or YAML file, or the same as a mapping.
            model: File with Keras model JSON when the experiment names none.
            home: Where this machine keeps what it knows of Keras; the usual data folder if None.
        Raises: ConfigError: Every problem of the experiment, its data and its model.
        """
        source = experiment if isinstance(experiment, Mapping) else Path(experiment)
        made = submit_experiment(self.api, source, home=home or Home.default(), model=model)
        return Experiment(self.api, made)

    def runs(self, *, limit: int = 1000) -> pd.DataFrame:
        """The newest runs: one row each, with state, progress and last values."""
        page = first_runs(self.api, Selection(), limit)
        return pd.DataFrame([frames.flat(row) for row in page.runs])

    def experiment(self, word: UUID | str) -> Experiment:
        """An experiment by its id, the beginning of it, or its name.

        Raises: NotFoundError: there is none. BadInputError: there are several; the message lists them.
        """
        return Experiment(self.api, experiment_called(self.api, str(word)))

    def run(self, word: UUID | str | int) -> Run:
        """A run by its number, its name, its id, or the beginning of that.

        Raises: NotFoundError: there is none. BadInputError: there are several; the message lists them.
        """
        return Run.of(self.api, run_called(self.api, str(word)))

    def import_archive(self, path: Path | str) -> Imported:
        """Bring an archive in, all of it or nothing; its runs are then yours. Returns their ids.

        Raises: BadInputError: It is no archive, or a damaged one. ConflictError: All of it is there already.
        """
        return import_archive(self.api, Path(path))

    def select(
        self,
        *words: UUID | str | int,
        tag: str | None = None,
        experiment: UUID | str | None = None,
        state: str | Sequence[str] | None = None,
    ) -> Runs:
        """Runs to act on at once: `select(tag="nightly", state="failed").resume()`.

        Args:
            words: Runs by number, name, id, or the beginning of an id.
            experiment: Name or id.
            state: Only runs in this state, or in one of these, when the verb is said.
        Raises: NotFoundError, BadInputError: A word means no run, or several; nothing was chosen.
        """
        states = parse_states([state] if isinstance(state, str) else list(state or ()))
        named = tuple(dict.fromkeys(run_called(self.api, str(word)) for word in words))
        of = experiment_called(self.api, str(experiment)) if experiment else None
        chosen = Selection(named, of, tag, states)
        require_parts(chosen)
        return Runs(self.api, chosen)
