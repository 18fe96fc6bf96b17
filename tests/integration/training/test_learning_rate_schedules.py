"""Schedules in real trainings: the right rate in every epoch, each change recorded once."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_kit import PausingMailbox, Training, bits, facts, outcome, train

from nntracker_ray.records import (
    Adaptation,
    Batch,
    EarlyStopping,
    LearningRateSchedule,
    MetricPoint,
    Origin,
    Record,
    RunSpec,
)
from nntracker_ray.schedules import ScheduleMemory, rate_of_epoch, watch_epoch
from nntracker_ray.sinks import MemorySink
from nntracker_ray.storage.adaptation_queries import adaptations
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.writes import write_batches
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import TrainingData
from tests.integration.storage.examples_of_records import started_run
from tests.sample_runs import sample_spec

READINGS_PER_EPOCH = 17  # of the mailbox: before each of 16 batches, and after the epoch
PLATEAU = {"monitor": "val_loss", "factor": 0.5, "patience": 1, "min_delta": 1e-4, "mode": "auto"}
PLATEAU |= {"cooldown": 0, "min_lr": 0.0}
SCHEDULES = {
    "step": LearningRateSchedule("step", {"factor": 0.5, "every": 2}),
    "cosine": LearningRateSchedule("cosine", {"epochs": 6, "floor": 0.0, "warmup": 2}),
    # Improves on nothing: so every epoch counts, and what is remembered matters.
    "plateau": LearningRateSchedule("plateau", {**PLATEAU, "patience": 2, "min_delta": 9.0}),
    "policy": LearningRateSchedule("policy", {"expression": "rate * (0.9 if val_loss > 0.5 else 0.8)"}),
}


class DyingMailbox(Mailbox):
    """Ends the training at a batch that the test chooses, as a kill does: nothing more is saved."""

    def __init__(self, readings: int) -> None:
        super().__init__()
        self._left = readings

    @property
    def wish(self) -> Any:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().wish


def changes(records: list[Record]) -> list[Adaptation]:
    return [record for record in records if isinstance(record, Adaptation)]


def measured(records: list[Record]) -> list[float]:
    return [r.value for r in records if isinstance(r, MetricPoint) and r.metric == "learning_rate"]


def scheduled(schedule: LearningRateSchedule | str, **given: Any) -> RunSpec:
    found = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
    return sample_spec(**{"total_epochs": 6, "schedule": found, **given})


def tiny_data() -> TrainingData:
    """Two batches an epoch: what is tested here is not learning."""
    x = np.zeros((40, 64), np.float32)
    y = np.zeros(40, np.int64)
    return TrainingData(x, y, None, None, None, None, {})


def attempts(spec: RunSpec, folder: Path, mailboxes: list[Mailbox], **given: Any) -> list[list[Record]]:
    """The records of each attempt; the last mailbox should let the run end."""
    parts = []
    for mailbox in mailboxes:
        sink = MemorySink()
        try:
            train(spec, folder, mailbox=mailbox, sink=sink, **given)
        except KeyboardInterrupt:
            assert isinstance(mailbox, DyingMailbox)
        parts.append(list(sink.records))
    return parts


@pytest.fixture(
    scope="module",
    params=[
        "plateau",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("step", "cosine", "policy")),
    ],
)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Training]:
    """A run of six epochs that nothing interrupts."""
    return request.param, train(scheduled(request.param), tmp_path_factory.mktemp("whole"))


def test_every_epoch_is_trained_with_the_rate_that_its_metric_says(whole: tuple[str, Training]):
    """The curve of the rate and the list of its changes tell one story."""
    rates = measured(whole[1].records)
    found = changes(whole[1].records)

    assert len(rates) == 6
    steps = {change.epoch: (change.old, change.new) for change in found}
    before = [0.01, *rates]
    expected = {e: (before[e], rate) for e, rate in enumerate(rates) if rate != before[e]}
    assert steps == expected
    assert len(found) == len(expected) > 0
    assert all(change.step == 16 * change.epoch for change in found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "readings", [READINGS_PER_EPOCH * 2, READINGS_PER_EPOCH * 2 + 7, READINGS_PER_EPOCH * 4 - 1]
)
def test_a_pause_changes_neither_rates_nor_bits(whole: tuple[str, Training], tmp_path: Path, readings: int):
    """At the first batch of an epoch, in its midst, and at its end: no change is lost or made twice."""
    kind, undisturbed = whole
    spec = scheduled(kind)

    parts = attempts(spec, tmp_path, [PausingMailbox(readings), Mailbox()])
    end = train(spec, tmp_path)

    records = [record for part in parts for record in part]
    assert outcome(records) == outcome(undisturbed.records)
    assert len(changes(records)) == len(changes(undisturbed.records))
    assert bits(end.checkpoint) == bits(undisturbed.checkpoint)


@pytest.mark.slow
def test_a_kill_changes_neither_rates_nor_bits(whole: tuple[str, Training], tmp_path: Path):
    """What came after the last checkpoint is trained again, and with the same rates."""
    kind, undisturbed = whole
    dying = [DyingMailbox(READINGS_PER_EPOCH * 2 + 5), DyingMailbox(READINGS_PER_EPOCH * 2), Mailbox()]

    parts = attempts(scheduled(kind), tmp_path, dying)

    records = [record for part in parts for record in part]
    assert outcome(records) == outcome(undisturbed.records)
    assert measured(parts[-1]) == measured(undisturbed.records)[-len(measured(parts[-1])) :]


@pytest.mark.slow
def test_twenty_true_changes_are_twenty_records(database: Database, tmp_path: Path):
    """Down to 1e-9, with pauses and kills between: each counts, none twice."""
    schedule = LearningRateSchedule("step", {"factor": 0.4466836, "every": 1})  # 0.01 -> 1e-9 in 20 steps
    owner_id, lease = started_run(database)
    spec = scheduled(schedule, total_epochs=21, run_id=lease.run_id)
    readings = 3  # an epoch: two batches and its end
    mailboxes = [
        PausingMailbox(readings * 3),
        DyingMailbox(readings * 4 + 1),
        PausingMailbox(readings * 5 + 1),
        DyingMailbox(readings * 2 + 2),
        DyingMailbox(1),
        Mailbox(),
    ]

    parts = attempts(spec, tmp_path, mailboxes, data=tiny_data())
    batches = [Batch(lease.run_no, number, tuple(part)) for number, part in enumerate(parts, start=1)]
    for batch in [*reversed(batches), *batches]:
        with database.connection() as connection:
            write_batches(connection, [batch])

    with database.connection() as connection:
        found = adaptations(connection, viewer_id=owner_id, run_id=lease.run_id)
        stored = connection.execute("SELECT count(*) FROM adaptations").fetchone()
    assert sum(len(changes(part)) for part in parts) > 20  # some were made twice
    assert stored == (20,)
    assert found["epoch"] == list(range(1, 21))
    assert found["new"][:-1] == found["old"][1:]
    assert found["new"][-1] == pytest.approx(1e-9, rel=1e-3)


def test_a_rate_that_cannot_be_used_is_told_once_and_the_rate_stays(tmp_path: Path):
    """A formula that goes wrong in the night costs no run."""
    schedule = LearningRateSchedule("policy", {"expression": "initial * (2 - epoch)"})

    made = train(scheduled(schedule, total_epochs=4), tmp_path, data=tiny_data())

    assert measured(made.records) == pytest.approx([0.02, 0.01, 0.01, 0.01])
    told = [r for r in made.records if getattr(r, "key", "") == "learning_rate_trouble"]
    assert len(told) == 1
    assert facts(made.records)["learning_rate_trouble"]["epoch"] == 2


def test_a_metric_that_nobody_measures_is_told_once_and_the_rate_stays(tmp_path: Path):
    """Regression has no accuracy; the run says so, and goes on."""
    schedule = LearningRateSchedule("plateau", {**PLATEAU, "monitor": "nonsense"})

    made = train(scheduled(schedule, total_epochs=2), tmp_path, data=tiny_data())

    assert measured(made.records) == [0.01] * 2
    assert "'nonsense' is not measured" in facts(made.records)["learning_rate_trouble"]["why"]


def test_an_early_end_says_why(tmp_path: Path):
    """A run of five epochs out of twenty is else taken for a broken one."""
    stopping = EarlyStopping(monitor="val_loss", patience=2, min_delta=9.0)

    made = train(sample_spec(total_epochs=20, early_stopping=stopping), tmp_path)

    assert made.status.ended_early == (
        "early stopping: val_loss has not improved for 2 epochs; ended after 3 of 20 epochs"
    )
    # Without a schedule, nothing of one is recorded.
    assert not changes(made.records)
    assert not measured(made.records)
    assert not [key for key in facts(made.records) if key.startswith("began")]


# --- against Keras' own -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras_model() -> Any:
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), loss="mse", metrics=["accuracy"])
    model.fit(np.zeros((2, 1)), np.zeros((2, 1)), verbose=0)
    return model


losses = st.floats(-10, 10, width=32).filter(lambda value: value == 0 or abs(value) > 1e-30)
series = st.lists(losses | st.sampled_from([1.0, 0.9999, 0.5, math.nan, math.inf, -math.inf]), max_size=40)
plateaus = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(["loss", "val_loss", "accuracy"]),
        "factor": st.floats(0.01, 0.99),
        "patience": st.integers(0, 4),
        "min_delta": st.sampled_from([0.0, 1e-4, 0.1, 1.0]),
        "mode": st.sampled_from(["auto", "min", "max"]),
        "cooldown": st.integers(0, 3),
        "min_lr": st.sampled_from([0.0, 1e-6, 0.05, 0.1, 0.5]),
    }
)


@settings(max_examples=150, deadline=None)
@given(conf=plateaus, values=series)
def test_a_plateau_is_that_of_keras(keras_model: Any, conf: dict[str, Any], values: list[float]):
    """Same arguments, same numbers, same rates, to the bit."""
    import keras

    from nntracker_ray.training.learning_rate import more_is_better

    theirs = keras.callbacks.ReduceLROnPlateau(**conf)
    theirs.set_model(keras_model)
    keras_model.optimizer.learning_rate = 0.1
    theirs.on_train_begin()
    schedule, memory, rate = LearningRateSchedule("plateau", conf), ScheduleMemory(), np.float32(0.1)
    up = more_is_better(keras_model, conf["monitor"], conf["mode"])

    for epoch, value in enumerate(values):
        theirs.on_epoch_end(epoch, {conf["monitor"]: value})
        watch_epoch(schedule, memory, {conf["monitor"]: value}, rate=float(rate), up=up)
        memory = ScheduleMemory(**memory.to_json())
        rate = np.float32(rate_of_epoch(schedule, memory, epoch=epoch + 1, initial=0.1, rate=float(rate)))

        assert rate == np.float32(keras.ops.convert_to_numpy(keras_model.optimizer.learning_rate))


POLICY = "policy"
OWN_RATES = [
    (SCHEDULES["step"], 0.005),
    (SCHEDULES["plateau"], 0.04),
    (LearningRateSchedule("policy", {"expression": "rate * 0.9"}), 0.036),
    (LearningRateSchedule("policy", {"expression": "rate if val_loss < 1 else rate * 0.9"}), 0.04),
    (None, 0.04),
]


@pytest.mark.parametrize("amid_epoch", [False, True])
@pytest.mark.parametrize(("schedule", "rate_of_fork"), OWN_RATES)
def test_a_fork_goes_on_with_the_rate_of_its_parent_and_tells_its_own_change(
    schedule: LearningRateSchedule | None, rate_of_fork: float, amid_epoch: bool
):
    """In the joined plot the step to the new rate is a change like any other; a pause before it changes nothing."""
    import keras

    from nntracker_ray.training.checkpoint import Place
    from nntracker_ray.training.course import Course
    from nntracker_ray.training.learning_rate import LearningRate
    from nntracker_ray.training.recorder import GuardedSink, Recorder

    model = SimpleNamespace(optimizer=keras.optimizers.SGD(0.04))
    place = Place(epochs_done=6, steps_done=96 + 7 * amid_epoch, batches_done=7 * amid_epoch)
    course = Course(place, batches=16, total_epochs=9)
    sink = MemorySink()
    spec = sample_spec(schedule=schedule, origin=Origin(UUID(int=9), "last"), total_epochs=9)

    def attempt(remembered: Any, *, forked: bool) -> LearningRate:
        recorder = Recorder(GuardedSink(sink), spec.capture, course)
        return LearningRate(
            spec, model=model, course=course, recorder=recorder, remembered=remembered, forked=forked
        )

    of_parent = {"rate": 0.0025, "initial": 0.01, "rule": {"kind": "constant", "conf": {}}, "memory": {}}
    left_at_once = attempt(of_parent, forked=True)
    attempt(left_at_once.memory, forked=False).first_batch()

    (change,) = changes(sink.records)
    assert (change.epoch, change.step) == (6, place.steps_done)
    assert (change.old, change.new) == (0.0025, pytest.approx(rate_of_fork))
    assert change.cause.startswith("fork")
    assert "learning_rate_trouble" not in facts(sink.records)
