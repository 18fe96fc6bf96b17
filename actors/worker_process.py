"""What a worker process is furnished with before it trains, and keeps from run to run."""

from __future__ import annotations

import gc
import logging
import threading
from pathlib import Path
from typing import Final

from actors.metrics_writer import deliver_to_actor
from nntracker_ray.datasets import DatasetStore
from nntracker_ray.delivery import drain_orphans
from nntracker_ray.home import Home
from nntracker_ray.leased_run import LeasedRun
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import Lease
from nntracker_ray.sinks import SpoolSink
from nntracker_ray.storage.connection import Database
from nntracker_ray.training.process import configure_process
from nntracker_ray.training.warm_up import warm_up
from nntracker_ray.workbench import Workbench

LEFTOVERS_TIMEOUT_S: Final = 5.0
WISHES: Final = "nntracker_control"  # the channel on which people ask something of runs at work


class WorkerProcess:
    """Begins one leased run after the other. Made once per process: TensorFlow's threads can be set only once.

    Args:
        threads: Cores that TensorFlow may use at once.
    """

    def __init__(self, home: Path, dsn: str, *, threads: int) -> None:
        configure_process(threads)
        # What the platform itself says of a run belongs to the run's log.
        logging.getLogger("nntracker_ray").setLevel(logging.INFO)
        _leave_the_loaded_alone()
        self._home = Home.on_this_node(home)
        self._deliver = deliver_to_actor()
        self._run: LeasedRun | None = None
        self._bench = Workbench(
            home=self._home,
            database=Database(dsn, max_size=2, application="nntracker-trainer"),
            datasets=DatasetStore(self._home),
            models=ModelStore(self._home),
            open_sink=self._open_sink,
            deliver_leftovers=self._deliver_leftovers,
        )
        threading.Thread(target=self._listen, name="wishes", daemon=True).start()

    def begin(self, lease: Lease) -> LeasedRun:
        """Start a run in threads of its own."""
        self._run = LeasedRun(lease, self._bench)
        self._run.start()
        return self._run

    def warm_up(self) -> None:
        """Pay now for what the first training of a process costs on top."""
        warm_up()
        _leave_the_loaded_alone()

    def close(self) -> None:
        """Give the database connections back."""
        self._bench.database.close()

    def _listen(self) -> None:
        """Let the run at hand look when it was spoken to; one connection for the life of the process."""
        for heard in self._bench.database.listen(WISHES):
            if self._run is not None:
                self._run.look(None if heard is None else heard[1])

    def _open_sink(self, lease: Lease) -> SpoolSink:
        self._home.spool.mkdir(parents=True, exist_ok=True)
        return SpoolSink(self._home.spool, run_no=lease.run_no, attempt=lease.attempt, deliver=self._deliver)

    def _deliver_leftovers(self) -> None:
        drain_orphans(self._home.spool, self._deliver, timeout_s=LEFTOVERS_TIMEOUT_S)


def _leave_the_loaded_alone() -> None:
    """Spare the garbage collector the objects of TensorFlow and Keras, which live as long as the process.

    Each run begins with a full collection (keras.backend.clear_session): 0.36 s of CPU time with them, 0.03 s
    without.
    """
    gc.collect()
    gc.freeze()
