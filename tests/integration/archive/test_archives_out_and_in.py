"""What goes out comes in again, to the last bit."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pyarrow.parquet as pq
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
from nntracker_ray.records import Batch, MetricPoint, Progress, RunFact, RunState
from nntracker_ray.storage import queries, writes
from nntracker_ray.storage.archive_queries import archived_runs
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.deletion_writes import delete_runs, note_files_removed
from nntracker_ray.storage.fork_writes import fork_run
from tests.integration.archive.archive_kit import (
    NOON,
    STEPS,
    archive,
    arrays,
    bring_in,
    claim,
    contents,
    end,
    local_account,
    manifest_of,
    nan_with,
    some_specs,
    submit,
    train,
    trained_experiment,
)


def ids(specs) -> list[UUID]:
    return [spec.run_id for spec in specs]


def fork_of(database: Database, owner_id: UUID, run_id: UUID, *, epochs: int) -> UUID:
    """A fork of a run that keeps a checkpoint after so many epochs."""
    arguments = {"checkpoint": f"epoch-{epochs - 1:04}", "changes": {"learning_rate": 0.003}, "name": "fork"}
    with database.connection() as conn:
        made, _ = fork_run(conn, actor_id=owner_id, run_id=run_id, by="ada", arguments=arguments)
    return made


def checkpoint_fact(database: Database, run_no: int, epochs: int) -> None:
    place = {"epochs_done": epochs, "batches_done": 0, "steps_done": epochs * STEPS}
    kept = {"name": f"epoch-{epochs - 1:04}", "kind": "epoch", **place, "bytes": 1, "metric": None}
    info = {**kept, "value": None, "created_at": NOON.isoformat()}
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(run_no, 1, (RunFact("checkpoints", [info]),))])


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


class TestForks:
    def test_a_fork_beside_its_parent_stays_its_fork(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """What a fork inherits is its parent's: twice in the archive it could differ."""
        owner_id, parent_id, fork_id = self._forked(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=[parent_id, fork_id])

        bring_in(other, home, out)

        viewer_id = local_account(other)
        again = archive(
            other, home, tmp_path / "again.zip", viewer_id=viewer_id, run_ids=[parent_id, fork_id]
        )
        assert contents(again) == contents(out)
        with other.connection() as conn:
            assert queries.find_run(conn, viewer_id=viewer_id, run_id=fork_id).parent_id == parent_id
        assert self._losses(database, fork_id) == self._losses(other, fork_id) != []

    def test_a_fork_alone_brings_its_whole_history(
        self, database: Database, other: Database, home: Home, tmp_path: Path
    ):
        """A curve that begins in the middle would say that the run did."""
        owner_id, _, fork_id = self._forked(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=[fork_id])

        bring_in(other, home, out)

        assert self._losses(database, fork_id) == self._losses(other, fork_id) != []
        assert self._looks(database, fork_id) == self._looks(other, fork_id) == [0, 0, 1, 1, 2, 2, 3, 3]
        again = archive(
            other, home, tmp_path / "again.zip", viewer_id=local_account(other), run_ids=[fork_id]
        )
        assert contents(again) == contents(out)

    def _forked(self, database: Database) -> tuple[UUID, UUID, UUID]:
        specs = some_specs(1, total_epochs=4)
        owner_id = submit(database, specs)
        parent = claim(database)
        train(database, parent, range(4))
        checkpoint_fact(database, parent.run_no, 2)
        end(database, parent, RunState.FINISHED)
        fork_id = fork_of(database, owner_id, parent.run_id, epochs=2)
        fork = claim(database)
        train(database, fork, range(2, 4))
        end(database, fork, RunState.FINISHED)
        return owner_id, parent.run_id, fork_id

    def _looks(self, database: Database, run_id: UUID) -> list[int]:
        """Epochs of what was looked at, the inherited ones among them."""
        viewer_id, series = local_account(database), {"layer": "dense", "tensor": "kernel"}
        with database.connection() as conn:
            found = queries.metric_arrays(
                conn, viewer_id=viewer_id, run_id=run_id, metric="weights/histogram", **series
            )
        return [one.epoch for one in found.arrays]

    def _losses(self, database: Database, run_id: UUID) -> list[tuple[int, str]]:
        viewer_id = local_account(database)
        with database.connection() as conn:
            found = queries.learning_curves(conn, viewer_id=viewer_id, run_ids=[run_id], metrics=["loss"])
        return [
            (int(epoch), repr(value)) for epoch, value in zip(found["epoch"], found["value"], strict=True)
        ]


class TestTheFiles:
    def test_people_can_read_it_without_us(self, database: Database, home: Home, tmp_path: Path):
        """An archive that only NNTracker opens would keep the data prisoner."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))
        folder = f"runs/{specs[0].run_id}"

        with zipfile.ZipFile(out) as opened:
            table = pq.read_table(io.BytesIO(opened.read(f"{folder}/metrics.parquet"))).to_pandas()
            weights = np.load(io.BytesIO(opened.read(f"{folder}/captures/epoch-000003.npz")))
            looks = np.load(io.BytesIO(opened.read(f"{folder}/metric-arrays/epoch-000003.npz")))
            folds = np.load(io.BytesIO(opened.read(f"experiments/{specs[0].experiment_id}/folds.npz")))
            about = json.loads(opened.read(f"{folder}/run.json"))
            provenance = json.loads(opened.read("provenance.json"))

        assert table[table.metric == "accuracy"]["value"].tolist() == [0.5, 0.51, 0.52, 0.53]
        np.testing.assert_array_equal(weights["dense/kernel"], arrays(3)[0].array)
        assert looks["weights/histogram/dense/kernel/40"].tolist() == [4, 2**60 + 1, 1]
        assert looks["weights/histogram/dense/kernel/40.edges"][0] == -np.inf
        assert folds["held_out_0"].tolist() == [8, 9]
        assert (about["name"], about["state"]) == ("digits <b>(1)</b>", "finished")
        assert provenance["by"] == "ada"
        assert "keras" in provenance["versions"]

    def test_the_report_runs_nothing_and_loads_nothing(self, database: Database, home: Home, tmp_path: Path):
        """It is opened from disk, outside of every protection of the web app, with other people's words in it."""
        owner_id, specs = trained_experiment(database)
        out = archive(database, home, tmp_path / "out.zip", viewer_id=owner_id, run_ids=ids(specs))

        with zipfile.ZipFile(out) as opened:
            page = opened.read("report.html").decode()

        assert "<script" not in page.lower()
        assert "<b>" not in page
        assert "digits &lt;b&gt;(1)&lt;/b&gt;" in page
        assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in page
        assert "default-src 'none'" in page
        assert "<svg" in page
        assert not [word for word in ("http://", "https://", "src=", "url(") if word in page]


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
