"""What goes out comes in again, to the last bit."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntracker_ray.archive.choice import chosen_runs, one_experiment, one_run
from nntracker_ray.archive.writer import ArchiveWriter
from nntracker_ray.checkpoints.archive import write_archive
from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.commands import Selection
from nntracker_ray.errors import ConflictError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.records import Batch, MetricPoint, Progress, RunState
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.archive_queries import archived_runs
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import delete_runs, note_files_removed
from tests.integration.archive.archive_kit import (
    NOON,
    STEPS,
    archive,
    bring_in,
    checkpoint_fact,
    claim,
    contents,
    end,
    ids,
    local_account,
    manifest_of,
    nan_with,
    some_specs,
    submit,
    train,
    trained_experiment,
)


class TestOutAndIn:
    def test_an_import_gives_equal_data(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """Whoever moves to another machine, or keeps runs for later, must get exactly what they had."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))

        imported = bring_in(other, home, out)

        assert imported.kept_ids
        again = archive(
            other, home, tmp_path / "again.zip", viewer_id=local_account(other), run_ids=ids(specs)
        )
        assert contents(again) == contents(out)
        assert manifest_of(again).content_digest == manifest_of(out).content_digest

    def test_lists_and_charts_show_the_same(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """Equal members would be worth nothing if the pages read other tables."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))
        bring_in(other, home, out)

        seen = [self._seen(platform, specs[0].run_id) for platform in (database, other)]

        assert seen[0] == seen[1]

    def _seen(self, database: Database, run_id: UUID) -> tuple:
        viewer_id = local_account(database)
        with database.connection() as conn:
            row = queries.find_run(conn, viewer_id=viewer_id, run_id=run_id)
            curves = queries.learning_curves(conn, viewer_id=viewer_id, run_ids=[run_id])
            layers = queries.layer_curves(conn, viewer_id=viewer_id, run_id=run_id)
            epochs, kernel = queries.layer_weights(
                conn, viewer_id=viewer_id, run_id=run_id, layer="half", tensor="kernel"
            )
            series = queries.observed_series(conn, viewer_id=viewer_id, run_id=run_id)
            looks = queries.metric_arrays(
                conn,
                viewer_id=viewer_id,
                run_id=run_id,
                metric="weights/histogram",
                layer="dense",
                tensor="kernel",
            )
        histograms = [
            (one.step, one.measured_at, one.values.tobytes(), one.edges.tobytes()) for one in looks.arrays
        ]
        assert len(histograms) == 8
        numbers = {
            name: np.asarray(values).tobytes()
            for name, values in (curves | layers).items()
            if name == "value"
        }
        shown = (row.name, row.state, row.epochs_done, row.tags, row.created_at, row.started_at, row.ended_at)
        return (
            *shown,
            repr(row.metrics),
            numbers,
            series,
            histograms,
            epochs.tolist(),
            kernel.tobytes(),
            str(kernel.dtype),
        )

    def test_the_same_archive_twice_is_refused_as_already_here(
        self, database: Database, home: Home, tmp_path: Path
    ):
        """A second copy of everything is never what somebody meant."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))

        with pytest.raises(ConflictError, match="already here"):
            bring_in(database, home, out)

    def test_runs_whose_ids_are_taken_come_in_under_new_ones_once(
        self, database: Database, home: Home, tmp_path: Path
    ):
        """Runs that went on since are not what the archive has: both are kept, and one copy of the older is enough."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))
        with database.connection() as conn:
            conn.execute("UPDATE runs SET priority = 7")

        imported = bring_in(database, home, out)

        assert not imported.kept_ids
        new = list(imported.runs.values())
        again = archive(database, home, tmp_path / "again.zip", viewer_id=owner_id, run_ids=new)
        metrics = [
            [content for path, content in contents(one).items() if path.endswith(("metrics.csv", ".npz"))]
            for one in (out, again)
        ]
        assert metrics[0] == metrics[1]
        with pytest.raises(ConflictError, match="already here"):
            bring_in(database, home, out)

    def test_an_id_that_somebody_else_has_is_taken_too(self, database: Database, home: Home, tmp_path: Path):
        """A colleague's archive must neither touch the colleague's runs nor fail."""
        _, specs = trained_experiment(database)
        with database.connection() as conn:
            ada = conn.execute("INSERT INTO users (name) VALUES ('ada') RETURNING user_id").fetchone()[0]
            conn.execute("UPDATE experiments SET owner_id = %s", [ada])
            conn.execute("UPDATE runs SET owner_id = %s", [ada])
            conn.execute("UPDATE users SET role = 'user'")
        out = archive(database, home, tmp_path / "out.zip", viewer_id=ada, run_ids=ids(specs))

        imported = bring_in(database, home, out)

        assert not imported.kept_ids
        with database.connection() as conn:
            mine = archived_runs(
                conn, viewer_id=local_account(database), run_ids=list(imported.runs.values())
            )
        assert len(mine) == 2

    def test_deleted_runs_come_back_from_their_archive(self, database: Database, home: Home, tmp_path: Path):
        """To archive, delete and restore is how people keep their disk free."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))
        with database.connection() as conn:
            numbers = [row[0] for row in conn.execute("SELECT run_no FROM runs")]
            delete_runs(conn, numbers, by="ada")
            note_files_removed(conn, ids(specs))

        imported = bring_in(database, home, out)

        assert imported.kept_ids
        again = archive(database, home, tmp_path / "again.zip", viewer_id=owner_id, run_ids=ids(specs))
        assert contents(again) == contents(out)

    def test_a_run_at_work_comes_in_stopped(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """Nobody works on a copy; shown as running, or queued anew, it would be a lie or a surprise."""
        specs = some_specs(1)
        owner_id = submit(database, specs)
        train(database, claim(database), range(2))
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))

        bring_in(other, home, out)

        with other.connection() as conn:
            viewer_id = local_account(other)
            row = queries.find_run(conn, viewer_id=viewer_id, run_id=specs[0].run_id)
            changes = queries.state_changes(conn, viewer_id=viewer_id, run_id=specs[0].run_id)
        assert row.state is RunState.STOPPED
        assert "it was running" in changes["why"][-1]
        with pytest.raises(ConflictError, match="already here"):
            bring_in(other, home, out)

    def test_where_it_came_from_stays_known(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """Years later somebody asks which machine a result is from."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))
        bring_in(other, home, out)

        again = archive(
            other, home, tmp_path / "again.zip", viewer_id=local_account(other), run_ids=ids(specs)
        )

        with zipfile.ZipFile(again) as opened:
            said = json.loads(opened.read("provenance.json"))["runs"][str(specs[0].run_id)]
        assert said["imported_from"]["run_id"] == str(specs[0].run_id)
        assert said["imported_from"]["by"] == "local"

    def test_a_stranger_gets_nothing(self, database: Database):
        """Data of one person is not shown to another by whatever door."""
        _, specs = trained_experiment(database)

        with pytest.raises(NotFoundError):
            chosen_runs(database, viewer_id=uuid4(), selection=Selection(run_ids=tuple(ids(specs))))
        with pytest.raises(NotFoundError):
            one_experiment(database, viewer_id=uuid4(), experiment_id=specs[0].experiment_id)

    def test_checkpoints_come_along_on_request(self, database: Database, home: Home, tmp_path: Path):
        """They are what a training goes on from, and most of its bytes."""
        owner_id, specs = trained_experiment(database)
        checkpoint_fact(database, 1, 2)
        file = CheckpointFolder(home, specs[0].run_id).path("epoch-0001")
        file.parent.mkdir(parents=True)
        place = {"epochs_done": 2, "batches_done": 0, "steps_done": 20}
        write_archive(file, {"place": place, "callbacks": {}}, {"model/0": np.arange(3.0)})
        choice = one_run(database, viewer_id=owner_id, run_id=specs[0].run_id)
        member = f"runs/{specs[0].run_id}/checkpoints/epoch-0001.ckpt"
        found = {}
        for wanted in (True, False):
            path = tmp_path / f"{wanted}.zip"
            writer = ArchiveWriter(database, home, choice, by="ada", made_at=NOON, with_checkpoints=wanted)
            path.write_bytes(b"".join(writer.stream()))
            with zipfile.ZipFile(path) as opened:
                found[wanted] = opened.read(member) if member in opened.namelist() else None

        assert found == {True: file.read_bytes(), False: None}

    def test_what_is_missing_is_said(self, database: Database, home: Home, tmp_path: Path):
        """A model or checkpoint that is on no disk any more must not make the rest unreachable."""
        owner_id, specs = trained_experiment(database)
        checkpoint_fact(database, 1, 2)
        choice = one_run(database, viewer_id=owner_id, run_id=specs[0].run_id)
        writer = ArchiveWriter(database, home, choice, by="ada", made_at=NOON, with_checkpoints=True)
        path = tmp_path / "out.zip"
        path.write_bytes(b"".join(writer.stream()))

        with zipfile.ZipFile(path) as opened:
            missing = [one["path"] for one in json.loads(opened.read("provenance.json"))["missing"]]

        folder = f"runs/{specs[0].run_id}/checkpoints"
        assert missing == [f"models/{'0' * 64}.json", f"{folder}/epoch-0001.ckpt"]


values = st.floats(width=64) | st.integers(1, 2**51 - 1).map(lambda bits: nan_with(0xFFF8 << 48 | bits))
names = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12)
rows = st.lists(st.tuples(names, st.integers(0, 9), values, names | st.just("")), max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(measured=rows)
def test_whatever_is_measured_survives_two_journeys(
    database: Database, other: Database, home: Home, tmp_path: Path, measured
):
    """Export, import, export: every file of the second archive is that of the first."""
    specs = some_specs(1)
    owner_id = submit(database, specs)
    lease = claim(database)
    points = tuple(
        MetricPoint(metric, epoch, epoch * STEPS, value, NOON, layer=layer)
        for metric, epoch, value, layer in measured
    )
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, 1, (*points, Progress(10, 100, NOON)))])
    end(database, lease, RunState.FINISHED)
    name = uuid4().hex
    out = archive(database, home, tmp_path / f"{name}.zip", viewer_id=owner_id, run_ids=ids(specs))

    bring_in(other, home, out)

    again = archive(
        other, home, tmp_path / f"{name}-again.zip", viewer_id=local_account(other), run_ids=ids(specs)
    )
    assert contents(again) == contents(out)
