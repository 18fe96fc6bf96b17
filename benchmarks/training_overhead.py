"""P1, P2: what recording costs a training, against the same `fit()` without us; and our order of rows.

An epoch is timed from the end of the one before, so that everything done between two epochs counts. The first
two epochs of a training (tracing, first touch of memory) are left out. Trainings of the two kinds take turns,
and the median epoch of each is compared. Records go the real way as far as this process goes: encoded and spooled
to disk by threads beside the training, taken from there by a receiver that acknowledges at once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Figure
from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.home import Home
from nntracker_ray.records import (
    CaptureSpec,
    Configuration,
    NamedConf,
    Progress,
    Record,
    RunSpec,
)
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.fit import Trainer
from nntracker_ray.training.process import configure_process
from tests.sample_runs import sample_spec

SKIPPED = 1  # epochs of each training, beside the very first, which has nothing before it
ROUNDS = 4
NOTHING, EVERYTHING = CaptureSpec(10**6, weights=False), CaptureSpec(1)

Times: TypeAlias = NDArray[np.float64]  # (epochs, 2): wall and processor seconds of each epoch


def measure() -> list[Figure]:
    """Every figure of this module, in one process with one TensorFlow thread."""
    configure_process(1)
    small, large = _Subject((128,), rows=6000, epochs=14), _Subject((2048, 1600), rows=1600, epochs=6)
    return [
        _figure("P1", "epoch in our order, against fit(x, y, shuffle)", small.shuffled, small.ordered, 5.0),
        _figure("P1", "metrics recorded each epoch", small.ordered, lambda: small.tracked(NOTHING), 0.5),
        _figure("P2", "101,770 weights each epoch", small.ordered, lambda: small.tracked(EVERYTHING), 2.0),
        _figure("P2", "4.9 M weights each epoch", large.ordered, lambda: large.tracked(EVERYTHING), 2.0),
    ]


def _figure(
    goal_id: str, what: str, bare: Callable[[], Times], ours: Callable[[], Times], goal: float
) -> Figure:
    bare_s: list[Times] = []
    ours_s: list[Times] = []
    for number in range(ROUNDS):
        pair = [(bare, bare_s), (ours, ours_s)]
        for run, times in pair if number % 2 else reversed(pair):
            times.append(run()[SKIPPED:])
    (ours_wall, ours_cpu), (bare_wall, bare_cpu) = _median(ours_s), _median(bare_s)
    wall, processor = ours_wall / bare_wall - 1.0, ours_cpu / bare_cpu - 1.0
    detail = (
        f"{ours_wall * 1e3:.1f} against {bare_wall * 1e3:.1f} ms an epoch; processor time of the whole "
        f"process, its threads beside the training included: {processor:+.1%}"
    )
    return Figure(goal_id, what, wall * 100.0, "%", goal, True, detail)


def _median(times: list[Times]) -> tuple[float, float]:
    wall, processor = np.median(np.concatenate(times), axis=0)
    return float(wall), float(processor)


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


class _ClockedSink(SpoolSink):
    """Notes when each epoch was over and done with."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, run_no=1, attempt=1, deliver=lambda *_: None)
        self.ends: list[tuple[float, float]] = []

    def record(self, *records: Record) -> None:
        super().record(*records)
        self.ends += [_now() for record in records if isinstance(record, Progress)]


class _Subject:
    """A training of random digits, with and without us."""

    def __init__(self, units: tuple[int, ...], *, rows: int, epochs: int) -> None:
        random = np.random.default_rng(0)
        x = random.random((rows, 784), dtype=np.float32)
        self._data = TrainingData(x, random.integers(0, 10, rows))
        self._units, self._epochs = units, epochs

    def shuffled(self) -> Times:
        """As a user would: arrays, shuffled by Keras."""
        return self._bare(self._data.x_train, self._data.y_train, batch_size=32, shuffle=True)

    def ordered(self) -> Times:
        """In our order, nothing recorded."""
        from nntracker_ray.training.batches import BatchFeed

        feed = BatchFeed(self._data.x_train, self._data.y_train, batch_size=32, seed=0)
        return self._bare(feed.dataset, shuffle=False, entering=feed.enter)

    def tracked(self, capture: CaptureSpec) -> Times:
        """With us: records and checkpoints to disk."""
        with tempfile.TemporaryDirectory() as folder:
            sink = _ClockedSink(Path(folder) / "spool")
            trainer = Trainer(
                self._spec(capture),
                data=self._data,
                model_json=self._model().to_json(),
                sink=sink,
                checkpoints=CheckpointFolder(Home(Path(folder)), UUID(int=1)),
                mailbox=Mailbox(),
            )
            trainer.start()
            while trainer.wait(600.0).outcome is None:
                pass
            sink.close()
        return np.diff(sink.ends[: self._epochs], axis=0)

    def _bare(self, *data: Any, entering: Callable[[int], None] = lambda _: None, **arguments: Any) -> Times:
        import keras

        ends: list[tuple[float, float]] = []
        clock = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, _: entering(epoch),
            on_epoch_end=lambda *_: ends.append(_now()),
        )
        model = self._model()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        model.fit(*data, epochs=self._epochs, verbose=0, callbacks=[clock], **arguments)
        return np.diff(ends, axis=0)

    def _model(self) -> Any:
        import keras

        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(units, "relu") for units in self._units]
        return keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10)])

    def _spec(self, capture: CaptureSpec) -> RunSpec:
        loss = NamedConf("SparseCategoricalCrossentropy", {"from_logits": True})
        configuration = Configuration(NamedConf("Adam"), loss, None)
        return sample_spec(configuration=configuration, total_epochs=self._epochs, capture=capture)
