"""Which runs an archive is to hold."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from nntracker_ray.commands import Selection, nothing_matches
from nntracker_ray.errors import NotFoundError
from nntracker_ray.storage import queries
from nntracker_ray.storage.archive_queries import (
    ArchivedExperiment,
    ArchivedRun,
    archived_experiments,
    archived_runs,
)
from nntracker_ray.storage.connection import Database


@dataclass(frozen=True, slots=True)
class Choice:
    """Runs, parents before their forks, and the experiments that they belong to."""

    viewer_id: UUID
    experiments: tuple[ArchivedExperiment, ...]
    runs: tuple[ArchivedRun, ...]

    @property
    def file_name(self) -> str:
        """What to call the archive: made of numbers and ids alone, for every file system and header."""
        if len(self.runs) == 1:
            return f"nntracker-run-{str(self.runs[0].run_id)[:8]}.zip"
        if len(self.experiments) == 1:
            return f"nntracker-{len(self.runs)}-runs-of-{str(self.experiments[0].experiment_id)[:8]}.zip"
        return f"nntracker-{len(self.runs)}-runs.zip"


def chosen_runs(database: Database, *, viewer_id: UUID, selection: Selection) -> Choice:
    """The runs that match, with all that is said of them as a whole.

    Raises:
        BadInputError: The selection is empty.
        NotFoundError: Nothing that the viewer may see matches.
    """
    with database.connection() as conn:
        rows = queries.select_runs(conn, viewer_id=viewer_id, selection=selection)
        if not rows:
            raise NotFoundError(nothing_matches(selection))
        runs = archived_runs(conn, viewer_id=viewer_id, run_ids=[row.run_id for row in rows])
        ids = list(dict.fromkeys(run.experiment_id for run in runs))
        experiments = archived_experiments(conn, viewer_id=viewer_id, experiment_ids=ids)
    return Choice(viewer_id, tuple(experiments), tuple(runs))


def one_run(database: Database, *, viewer_id: UUID, run_id: UUID) -> Choice:
    """One run. Raises: NotFoundError: No such run, or not the viewer's to see."""
    with database.connection() as conn:
        queries.find_run(conn, viewer_id=viewer_id, run_id=run_id)
    return chosen_runs(database, viewer_id=viewer_id, selection=Selection(run_ids=(run_id,)))


def one_experiment(database: Database, *, viewer_id: UUID, experiment_id: UUID) -> Choice:
    """Every run of an experiment. Raises: NotFoundError: No such experiment, or not the viewer's to see."""
    with database.connection() as conn:
        queries.find_experiment(conn, viewer_id=viewer_id, experiment_id=experiment_id)
    return chosen_runs(database, viewer_id=viewer_id, selection=Selection(experiment_id=experiment_id))
