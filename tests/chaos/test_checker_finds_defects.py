"""The checker of the chaos suite finds what is planted: a checker that cannot fail would prove nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from nntracker_ray.home import Home
from nntracker_ray.records import LearningRateSchedule, Observed, RunSpec, RunState
from nntracker_ray.spool import Spool
from nntracker_ray.storage.connection import Database
from tests.chaos.suite.checker import check, verdict
from tests.integration.runs.run_kit import actors_of, new_lab
from tests.ray_cluster import local_ray

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

EPOCHS = 6


@dataclass
class Scene:
    """A finished run and its twin, to be damaged."""

    conn: psycopg.Connection[Any]
    home: Home
    run: RunSpec
    twin: RunSpec

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint of the run."""
        return self.home.checkpoints / str(self.run.run_id) / "last.ckpt"

    def sql(self, statement: str) -> None:
        """Change something of the run; `RUN` stands for its number."""
        number = self.conn.execute("SELECT run_no FROM runs WHERE run_id = %s", [self.run.run_id]).fetchone()
        assert number is not None
        changed = self.conn.execute(statement.replace("RUN", str(number[0])))  # type: ignore[arg-type]
        assert changed.rowcount > 0, "nothing was planted"


@pytest.fixture(scope="module")
def finished(
    module_database: Database, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, RunSpec, RunSpec]:
    """Two real trainings that differ in nothing that training looks at, done."""
    lab = new_lab(Home(tmp_path_factory.mktemp("lab")), module_database)
    schedule = LearningRateSchedule("step", {"factor": 0.5, "every": 2})
    looks = (
        Observed("mean", topics=("activations",), every=10),
        Observed("histogram", topics=("weights",), every=10),
    )
    run, twin = lab.specs(2, seed=7, total_epochs=EPOCHS, schedule=schedule, introspection=looks)
    with local_ray(cpus=2), actors_of(lab.home, module_database_url):
        lab.submit([run, twin])
        lab.await_state(run, RunState.FINISHED)
        lab.await_state(twin, RunState.FINISHED)
    return lab.home, run, twin


@pytest.fixture
def scene(
    finished: tuple[Home, RunSpec, RunSpec], module_database_url: str, tmp_path: Path
) -> Iterator[Scene]:
    """The finished pair as it was: changes of the database are rolled back, files are a copy."""
    home, run, twin = finished
    copied = Home(tmp_path / "home")
    shutil.copytree(home.checkpoints, copied.checkpoints)
    copied.spool.mkdir()
    with psycopg.connect(module_database_url) as conn:
        yield Scene(conn, copied, run, twin)
        conn.rollback()


def rules_broken(scene: Scene, **more: Any) -> set[str]:
    """Names of the rules that the checker finds broken."""
    found = check(scene.conn, scene.home, [(scene.run.run_id, scene.twin.run_id)], **more)
    return {one.rule for one in found}


def flip_bit(path: Path, place: int) -> None:
    """Change one bit in the midst of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def leave_records_in_a_spool(scene: Scene) -> None:
    """A record that nobody has acknowledged."""
    spool = Spool(scene.home.spool, run_no=1, attempt=99)
    spool.append(b"never delivered")
    spool.sync()
    spool.close()


def leave_files_of_a_deleted_run(scene: Scene) -> None:
    """A deleted run whose checkpoint lies there still."""
    scene.conn.execute(
        "INSERT INTO deleted_runs (run_id, run_no, owner_id, name, by) "
        "SELECT gen_random_uuid(), 0, user_id, 'gone', 'somebody' FROM users LIMIT 1"
    )
    row = scene.conn.execute("SELECT run_id FROM deleted_runs").fetchone()
    assert row is not None
    (scene.home.checkpoints / str(row[0])).mkdir()


def put_the_twins_checkpoint_in_place(scene: Scene) -> None:
    """The right weights, and not this run's file."""
    shutil.copy(scene.home.checkpoints / str(scene.twin.run_id) / "last.ckpt", scene.checkpoint)


def pend_a_command(scene: Scene) -> None:
    """Somebody waits for an answer that will not come."""
    scene.sql(
        """WITH asked AS (INSERT INTO commands (owner_id, verb, arguments, selection, by)
                          SELECT owner_id, 'pause', '{}', '{}', 'somebody' FROM runs WHERE run_no = RUN
                          RETURNING command_id)
           INSERT INTO command_targets (command_id, run_id, run_no, run_name, outcome)
           SELECT asked.command_id, r.run_id, r.run_no, r.name, 'pending' FROM asked, runs r WHERE r.run_no = RUN"""
    )


def by_sql(statement: str) -> Callable[[Scene], None]:
    """A defect that one statement plants."""
    return lambda scene: scene.sql(statement)


PLANTED: dict[str, tuple[str, Callable[[Scene], None]]] = {
    "a dropped row": (
        "every_value_once",
        by_sql("DELETE FROM metrics WHERE run_no = RUN AND metric = 'loss' AND epoch = 3"),
    ),
    "a doubled row": (
        "every_value_once",
        by_sql("""INSERT INTO metrics SELECT run_no, metric, layer, tensor, epoch, step + 1, value, time, attempt
                    FROM metrics WHERE run_no = RUN AND metric = 'accuracy' AND epoch = 2"""),
    ),
    "a metric that was never measured": (
        "every_value_once",
        by_sql("""INSERT INTO metrics SELECT run_no, 'invented', layer, tensor, epoch, step, value, time, attempt
                    FROM metrics WHERE run_no = RUN AND metric = 'loss' AND epoch = 2"""),
    ),
    "an epoch too many": (
        "every_value_once",
        by_sql("""INSERT INTO metrics SELECT run_no, metric, layer, tensor, 6, step, value, time, attempt
                    FROM metrics WHERE run_no = RUN AND metric = 'loss' AND epoch = 5"""),
    ),
    "the smallest change of a value": (
        "equal_values",
        by_sql(
            "UPDATE metrics SET value = value * (1 + 2.3e-16) WHERE run_no = RUN AND metric = 'val_loss' AND epoch = 1"
        ),
    ),
    "NaN in the place of a number": (
        "equal_values",
        by_sql("UPDATE metrics SET value = 'NaN' WHERE run_no = RUN AND metric = 'loss' AND epoch = 0"),
    ),
    "a value at the wrong step": (
        "equal_values",
        by_sql("UPDATE metrics SET step = step - 1 WHERE run_no = RUN AND metric = 'loss' AND epoch = 4"),
    ),
    "a list that shows an older value": (
        "newest_value_listed",
        by_sql("UPDATE run_last_metrics SET value = value + 1 WHERE run_no = RUN AND metric = 'loss'"),
    ),
    "a capture of an earlier epoch": (
        "equal_captures",
        by_sql("""UPDATE weight_arrays w SET data = e.data FROM weight_arrays e
                   WHERE w.run_no = RUN AND e.run_no = RUN AND w.layer_name = 'hidden' AND e.layer_name = 'hidden'
                     AND w.tensor = 'kernel' AND e.tensor = 'kernel' AND w.epoch = 4 AND e.epoch = 3"""),
    ),
    "one flipped bit in a capture": (
        "equal_captures",
        by_sql("""UPDATE weight_arrays SET data = set_bit(data, 100, 1 - get_bit(data, 100))
                   WHERE run_no = RUN AND layer_name = 'scores' AND tensor = 'bias' AND epoch = 5"""),
    ),
    "a capture that is missing": (
        "equal_captures",
        by_sql("DELETE FROM weight_arrays WHERE run_no = RUN AND epoch = 2 AND tensor = 'bias'"),
    ),
    "a capture too many": (
        "equal_captures",
        by_sql("""INSERT INTO weight_arrays SELECT run_no, layer_name, tensor, 17, part, layer_index, dtype, shape,
                         data, step, time, attempt FROM weight_arrays WHERE run_no = RUN AND epoch = 5"""),
    ),
    "a look that is missing": (
        "every_value_once",
        by_sql(
            "DELETE FROM metrics WHERE run_no = RUN AND metric = 'activations/mean' AND layer = 'hidden' AND step = 10"
        ),
    ),
    "a look too many": (
        "every_value_once",
        by_sql("""INSERT INTO metrics SELECT run_no, metric, layer, tensor, epoch, step + 1, value, time, attempt
                    FROM metrics WHERE run_no = RUN AND metric = 'activations/mean' AND step = 10"""),
    ),
    "the smallest change of a look": (
        "equal_values",
        by_sql("""UPDATE metrics SET value = value * (1 + 2.3e-16)
                   WHERE run_no = RUN AND metric = 'activations/mean' AND layer = 'hidden' AND step = 20"""),
    ),
    "a histogram that is missing": (
        "equal_arrays",
        by_sql("DELETE FROM metric_arrays WHERE run_no = RUN AND layer = 'hidden' AND step = 10"),
    ),
    "a histogram too many": (
        "equal_arrays",
        by_sql("""INSERT INTO metric_arrays SELECT run_no, metric, layer, tensor, epoch, step + 1, dtype, shape, data,
                         edges, time, attempt FROM metric_arrays WHERE run_no = RUN AND step = 10"""),
    ),
    "one flipped bit in a histogram": (
        "equal_arrays",
        by_sql("""UPDATE metric_arrays SET data = set_bit(data, 3, 1 - get_bit(data, 3))
                   WHERE run_no = RUN AND layer = 'hidden' AND step = 20"""),
    ),
    "the smallest change of an edge": (
        "equal_arrays",
        by_sql("""UPDATE metric_arrays SET edges[2] = edges[2] * (1 + 2.3e-16)
                   WHERE run_no = RUN AND layer = 'hidden' AND step = 1"""),
    ),
    "a twin without histograms": (
        "equal_arrays",
        by_sql(
            "WITH gone AS (DELETE FROM metric_arrays RETURNING run_no) SELECT * FROM gone WHERE run_no = RUN"
        ),
    ),
    "a metric that was suspended": (
        "nothing_suspended",
        by_sql("""UPDATE run_facts SET value = jsonb_set(value::jsonb, '{suspended}',
                                                         '[{"metric": "mean", "why": "too slow"}]')
                   WHERE run_no = RUN AND key = 'introspection'"""),
    ),
    "an adaptation that is missing": (
        "equal_adaptations",
        by_sql("DELETE FROM adaptations WHERE run_no = RUN AND epoch = 2"),
    ),
    "an adaptation that is there twice": (
        "equal_adaptations",
        by_sql("""INSERT INTO adaptations SELECT run_no, parameter, epoch, step + 1, old, new, cause, time, attempt
                    FROM adaptations WHERE run_no = RUN AND epoch = 4"""),
    ),
    "an epoch that was not counted": (
        "ends_finished",
        by_sql("UPDATE runs SET epochs_done = epochs_done - 1 WHERE run_no = RUN"),
    ),
    "a state that is not true": (
        "ends_finished",
        by_sql("UPDATE runs SET state = 'running' WHERE run_no = RUN"),
    ),
    "a run that a dead manager holds": (
        "at_rest_without_lease",
        by_sql("UPDATE runs SET manager_id = gen_random_uuid() WHERE run_no = RUN"),
    ),
    "a history with an impossible step": (
        "possible_history",
        by_sql("UPDATE run_states SET state = 'paused' WHERE run_no = RUN AND state = 'running'"),
    ),
    "an end that the history does not know": (
        "possible_history",
        by_sql("DELETE FROM run_states WHERE run_no = RUN AND state = 'finished'"),
    ),
    "two trainers at once": (
        "one_trainer_at_a_time",
        by_sql("UPDATE run_states SET attempt = 2 WHERE run_no = RUN AND state = 'running'"),
    ),
    "an attempt that nobody began": (
        "one_trainer_at_a_time",
        by_sql("UPDATE runs SET attempt = attempt + 1 WHERE run_no = RUN"),
    ),
    "a command without an outcome": ("settled_commands", pend_a_command),
    "a log with a gap": (
        "whole_log",
        by_sql("""INSERT INTO run_log (run_no, attempt, line_no, source, text, time)
                  SELECT RUN, 1, coalesce(max(line_no), 0) + 2, 'stdout', 'after the gap', now()
                    FROM run_log WHERE run_no = RUN"""),
    ),
    "a torn checkpoint": (
        "equal_checkpoint",
        lambda scene: os.truncate(scene.checkpoint, scene.checkpoint.stat().st_size // 2),
    ),
    "one flipped bit in a checkpoint": (
        "equal_checkpoint",
        lambda scene: flip_bit(scene.checkpoint, scene.checkpoint.stat().st_size // 2),
    ),
    "no checkpoint at all": ("equal_checkpoint", lambda scene: scene.checkpoint.unlink()),
    "the checkpoint of another run": ("equal_checkpoint", put_the_twins_checkpoint_in_place),
    "a listed checkpoint that is not there": (
        "listed_checkpoints_exist",
        lambda scene: (scene.checkpoint.parent / "best.ckpt").unlink(),
    ),
    "records that were never delivered": ("empty_spools", leave_records_in_a_spool),
    "files of a deleted run": ("no_files_of_deleted", leave_files_of_a_deleted_run),
}


def test_it_passes_what_is_whole(scene: Scene):
    """Otherwise it would find defects everywhere."""
    found = check(scene.conn, scene.home, [(scene.run.run_id, scene.twin.run_id)])

    assert found == []
    assert verdict(found, seed=5) == "PASS (seed 5)"


@pytest.mark.parametrize("defect", PLANTED)
def test_it_finds(scene: Scene, defect: str):
    """Each planted defect is found by the rule that is there for it."""
    rule, plant = PLANTED[defect]

    plant(scene)

    assert rule in rules_broken(scene)


def test_it_finds_a_process_that_is_left(scene: Scene):
    """An orphan holds memory, cores and ports."""
    assert rules_broken(scene, orphans=["4711 raylet"]) == {"no_orphans"}


def test_it_says_the_first_broken_rule_with_its_seed(scene: Scene):
    """One line that can be acted on."""
    scene.sql("DELETE FROM metrics WHERE run_no = RUN AND metric = 'loss' AND epoch = 3")

    found = check(scene.conn, scene.home, [(scene.run.run_id, scene.twin.run_id)])

    assert verdict(found, seed=8).startswith("FAIL (seed 8): every_value_once: digits (1)")
