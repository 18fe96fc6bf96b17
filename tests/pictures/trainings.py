"""Real trainings without Ray, written to the database as trainers write them: pictures show honest numbers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from nntracker_ray.datasets import DatasetStore
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import Batch, Lease, Progress, Record, RunState
from nntracker_ray.run_log import RunLog, told
from nntracker_ray.sinks import MemorySink
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.training.control import Mailbox
from nntracker_ray.training.fit import Trainer
from nntracker_ray.training.process import configure_process
from nntracker_ray.workbench import Workbench


class EndingSink(MemorySink):
    """Asks the training to leave after so many epochs."""

    def __init__(self, mailbox: Mailbox, epochs: int | None) -> None:
        super().__init__()
        self._mailbox, self._epochs = mailbox, epochs

    def record(self, *records: Record) -> None:
        super().record(*records)
        if any(isinstance(one, Progress) and one.epochs_done == self._epochs for one in records):
            self._mailbox.pause()


@dataclass
class Trainings:
    """Trains the runs of a queue, one after the other, in this process."""

    home: Home
    database: Database

    def __post_init__(self) -> None:
        configure_process(1)
        self._bench = Workbench(
            home=self.home,
            database=self.database,
            datasets=DatasetStore(self.home),
            models=ModelStore(self.home),
            open_sink=lambda _: MemorySink(),
            deliver_leftovers=lambda: None,
        )

    def next_run(self, state: RunState, *, epochs: int | None = None, error: str | None = None) -> Lease:
        """Train what waits first, and leave it in this state.

        Args:
            epochs: After how many it leaves; None: all.
            error: What a failed one ends with.
        """
        with self.database.connection() as conn:
            lease = writes.claim_next_run(conn, manager_id=uuid4(), free_cpu=8.0, free_gpu=0.0)
            assert lease is not None
            self._say(conn, lease, RunState.RUNNING)
        records = self._trained(lease, epochs)
        with self.database.connection() as conn:
            writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(records))])
            if state is not RunState.RUNNING:
                self._say(conn, lease, state, error)
        return lease

    def _trained(self, lease: Lease, epochs: int | None) -> list[Record]:
        mailbox = Mailbox()
        sink = EndingSink(mailbox, epochs)
        material = self._bench.material(lease.spec, unwanted=threading.Event())
        with told(RunLog(sink.record)):
            trainer = Trainer(
                lease.spec,
                data=material.data,
                model_json=material.model_json,
                sink=sink,
                checkpoints=self._bench.checkpoints(lease),
                mailbox=mailbox,
            )
            trainer.start()
            while trainer.wait(10.0).outcome is None:
                pass
        return sink.records

    def _say(self, conn: Any, lease: Lease, state: RunState, error: str | None = None) -> None:
        spoken = {"run_id": lease.run_id, "state": state, "by": "trainer", "attempt": lease.attempt}
        writes.change_state(conn, **spoken, error=error)
