"""Trainings of one network that take turns: ours with and without looks, Keras' with and without TensorBoard."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from benchmarks.turns import InTurns
from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.home import Home
from nntracker_ray.introspection.catalog import EVERY
from nntracker_ray.records import (
    CaptureSpec,
    Configuration,
    JsonValue,
    NamedConf,
    Observed,
    Progress,
    Record,
    RunFact,
    RunSpec,
)
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.data import TrainingData
from nntracker_ray.training.fit import Trainer
from tests.sample_runs import sample_spec

UNMEASURED = 2  # turns: building, and the first epoch, which compiles everything


@dataclass(frozen=True, slots=True)
class Subject:
    """A network on random images, and how long it is trained."""

    name: str
    network: Callable[[], Any]
    shape: tuple[int, ...]  # of an image
    batch_size: int
    steps: int  # of a turn
    rounds: int  # turns that count
    goal: float  # % that the training may be slowed
    left_out: tuple[str, ...] = ()  # ways of looking that take too long with it

    @property
    def turns_with_steps(self) -> int:
        """All but the one in which the network is built."""
        return self.rounds + UNMEASURED - 1

    def data(self, steps: int) -> TrainingData:
        """So many batches."""
        random = np.random.default_rng(0)
        rows = steps * self.batch_size
        return TrainingData(
            random.random((rows, *self.shape), dtype=np.float32), random.integers(0, 10, rows)
        )

    def spec(self, looks: tuple[Observed, ...] = ()) -> RunSpec:
        """A run of it without captures, an epoch a turn."""
        loss = NamedConf("SparseCategoricalCrossentropy", {"from_logits": True})
        return sample_spec(
            configuration=Configuration(NamedConf("Adam"), loss, None),
            batch_size=self.batch_size,
            total_epochs=self.turns_with_steps,
            capture=CaptureSpec(10**6, weights=False),
            introspection=looks,
        )


@cache
def model_json(subject: Subject) -> str:
    """Its network as Keras writes it down."""
    text: str = subject.network().to_json()
    return text


class Tracked(InTurns):
    """With us: a `Trainer`, its records and checkpoints going to disk."""

    def __init__(self, subject: Subject, data: TrainingData, looks: tuple[Observed, ...]) -> None:
        super().__init__(self._train)
        self.looks, self.facts = looks, dict[str, JsonValue]()
        self._subject, self._data = subject, data

    def _train(self, stand: Callable[[], None]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sink = _StandingSink(Path(folder) / "spool", stand)
            trainer = Trainer(
                self._subject.spec(self.looks),
                data=self._data,
                model_json=model_json(self._subject),
                sink=sink,
                checkpoints=CheckpointFolder(Home(Path(folder)), UUID(int=1)),
                mailbox=Mailbox(),
            )
            trainer.start()
            while trainer.wait(600.0).outcome is None:
                pass
            sink.close()
        self.facts = sink.facts


class _StandingSink(SpoolSink):
    """Lets the training stand when its network is built, and when an epoch is over and done with."""

    def __init__(self, folder: Path, stand: Callable[[], None]) -> None:
        super().__init__(folder, run_no=1, attempt=1, deliver=lambda *_: None)
        self.facts: dict[str, JsonValue] = {}
        self._stand = stand

    def record(self, *records: Record) -> None:
        super().record(*records)
        facts = {record.key: record.value for record in records if isinstance(record, RunFact)}
        # The first facts come with the network; others build theirs now, and building empties Keras' caches.
        is_built = bool(facts) and not self.facts
        self.facts |= facts
        if is_built or any(isinstance(record, Progress) for record in records):
            self._stand()


class Fitted(InTurns):
    """Without us: Keras' own `fit()` over epochs of 100 steps, since TensorBoard looks at the end of epochs."""

    def __init__(self, subject: Subject, data: TrainingData, *, with_tensorboard: bool) -> None:
        super().__init__(self._train)
        self._subject, self._data, self._with_tensorboard = subject, data, with_tensorboard
        self._epochs_a_turn = max(1, subject.steps // EVERY)

    def _train(self, stand: Callable[[], None]) -> None:
        from nntracker_ray.training.batches import BatchFeed
        from nntracker_ray.training.compiling import compiled_model

        spec, data = self._subject.spec(), self._data
        model = compiled_model(spec, model_json(self._subject))
        feed = BatchFeed(data.x_train, data.y_train, batch_size=spec.batch_size, seed=spec.seed)
        with tempfile.TemporaryDirectory() as folder:
            model.fit(
                feed.dataset,
                epochs=self._subject.turns_with_steps * self._epochs_a_turn,
                shuffle=False,
                verbose=0,
                callbacks=self._callbacks(folder, feed.enter, stand),
            )

    def _callbacks(self, folder: str, enter: Callable[[int], None], stand: Callable[[], None]) -> list[Any]:
        import keras

        def epoch_ends(epoch: int, _logs: object) -> None:
            if (epoch + 1) % self._epochs_a_turn == 0:
                stand()

        looking = [keras.callbacks.TensorBoard(folder, histogram_freq=1)] if self._with_tensorboard else []
        order = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, _: enter(epoch),
            on_epoch_end=epoch_ends,
            on_train_begin=lambda _: stand(),
        )
        return [*looking, order]
