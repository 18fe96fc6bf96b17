"""The platform under attack: a real `nntracker start` on a data folder of its own, and ways to reach into it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psutil
import psycopg
from filelock import FileLock

from nntracker_ray import control
from nntracker_ray.commands import CommandRow, Selection, Verb
from nntracker_ray.errors import DatabaseAwayError
from nntracker_ray.home import Home
from nntracker_ray.platform_file import running_platform
from nntracker_ray.records import RunState
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.server import EmbeddedServer
from nntracker_ray.storage.writes import ensure_local_account
from nntracker_ray.submission import prepare, submit
from tests.chaos.suite.family import Family

NNTRACKER = str(Path(sys.executable).parent / "nntracker")
DISK = "256m"  # of the small disk under the checkpoints
PATIENCE_S = 300.0

T = TypeVar("T")


class StageError(Exception):
    """Something that should have come back by itself did not."""


class Stage:
    """One data folder with its platform. Only processes below the platform it has started are ever touched."""

    def __init__(self, folder: Path, *, cpus: int = 2) -> None:
        self.home = Home(folder).create()
        self.server = EmbeddedServer(self.home)
        self._cpus, self._port = cpus, _free_port()
        self._mounted = self._mount_small_disk()
        self.database: Database | None = None
        self.known_workers: list[int] = []  # as `worker_pids` last saw them
        self.left_behind: dict[psutil.Process, str] = {}  # what still ran after a `down`
        self._family = Family(self.home)

    # --- its life ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the platform as people do, in the background."""
        env = {**os.environ, "NNTRACKER_HOME": str(self.home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [NNTRACKER, "start", "--background", "--no-example", "--port", str(self._port)]
        started = subprocess.run(
            [*command, "--cpus", str(self._cpus)],
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert started.returncode == 0, started.stderr
        self.database = self.database or Database(self.server.dsn, application="chaos")

    def down(self) -> None:
        """End it as people do, and note what it leaves behind. Raises: StageError: It did not end."""
        self.family()
        env = {**os.environ, "NNTRACKER_HOME": str(self.home.root)}
        ended = subprocess.run(
            [NNTRACKER, "down"], env=env, capture_output=True, text=True, timeout=300, check=False
        )
        if ended.returncode != 0:
            raise StageError(f"`nntracker down` ended with exit code {ended.returncode}: {ended.stderr}")
        for one in self._family.left(but=self._of_database()):
            self.left_behind[one] = f"{one.pid} {_safely(one.name, '')}"

    def close(self) -> None:
        """End everything and remove the small disk."""
        with suppress(StageError):
            self.down()
        for one in self.left_behind:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        if self.database is not None:
            self.database.close()
        self.server.destroy()
        if self._mounted:
            subprocess.run(["umount", str(self.home.checkpoints)], check=False)

    # --- its processes -----------------------------------------------------------------------------------------

    def platform_pid(self) -> int | None:
        """The driver."""
        info = running_platform(self.home)
        return None if info is None else info.pid

    def family(self) -> list[psutil.Process]:
        """Everything that the platform has started, and that some process of it is still the parent of."""
        return self._family.look()

    def named(self, name: str) -> list[psutil.Process]:
        """Processes of the platform with this program name."""
        return [one for one in self.family() if _safely(one.name, "") == name]

    def titled(self, title: str) -> list[psutil.Process]:
        """Ray workers of the platform that hold such an actor."""
        return [one for one in self.family() if title in " ".join(_safely(one.cmdline, []))]

    def postmaster_pid(self) -> int | None:
        """The database's first process."""
        with suppress(FileNotFoundError, IndexError, ValueError):
            return int((self.server.location / "cluster" / "postmaster.pid").read_text().split()[0])
        return None

    def _of_database(self) -> list[psutil.Process]:
        """The database stays as long as somebody uses it, whoever has started it."""
        if (pid := self.postmaster_pid()) is None:
            return []
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(pid)
            return [postmaster, *postmaster.children(recursive=True)]
        return []

    def worker_pids(self) -> list[int]:
        """Processes that train now, as the database knows them, and as far as they are below our platform."""
        ours = {one.pid for one in self.family()}
        rows = self.ask(
            """SELECT (f.value ->> 'pid')::int FROM runs r JOIN run_facts f USING (run_no)
                WHERE f.key = 'worker' AND r.state = 'running' AND f.attempt = r.attempt ORDER BY r.run_no"""
        )
        self.known_workers = [pid for (pid,) in rows if pid in ours]
        return self.known_workers

    # --- its runs ----------------------------------------------------------------------------------------------

    def connection(self) -> psycopg.Connection[Any]:
        """A connection that nothing of the product stands between."""
        return psycopg.connect(self.server.dsn, autocommit=True, connect_timeout=5)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows; waits for a database that is away."""

        def look() -> list[tuple[Any, ...]] | None:
            with suppress(psycopg.OperationalError), self.connection() as connection:
                return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]
            return None

        return wait_for(look, "the database")

    def run_ids_in(self, *states: RunState) -> list[UUID]:
        """Runs in one of these states."""
        rows = self.ask(
            "SELECT run_id FROM runs WHERE state = ANY(%s) ORDER BY run_no", [s.value for s in states]
        )
        return [run_id for (run_id,) in rows]

    def await_state(self, run_id: UUID, states: set[RunState]) -> None:
        """Wait until the run is in one of these states."""
        wait_for(
            lambda: True if run_id in self.run_ids_in(*states) else None,
            f"run {run_id} to be {sorted(states)}",
        )

    def submit(self, experiment: dict[str, Any]) -> list[UUID]:
        """Queue an experiment; returns its runs in grid order."""
        assert self.database is not None
        with self.database.connection() as connection:
            owner = ensure_local_account(connection)
        prepared = prepare(experiment, home=self.home, owner_id=owner)
        submit(self.database, prepared, owner_id=owner)
        return [run.run_id for run in prepared.runs]

    def command(self, verb: Verb, selection: Selection) -> CommandRow:
        """Ask something of runs, again and again with one key until the database has heard it."""
        key = str(uuid4())

        def ask() -> CommandRow | None:
            assert self.database is not None
            with suppress(DatabaseAwayError):
                with self.database.connection() as connection:
                    owner = ensure_local_account(connection)
                return control.command(
                    self.database,
                    self.home,
                    actor_id=owner,
                    by="chaos",
                    verb=verb,
                    selection=selection,
                    key=key,
                )
            return None

        return wait_for(ask, f"somebody to hear {verb}")

    # --- its surroundings --------------------------------------------------------------------------------------

    @contextmanager
    def database_kept_down(self) -> Iterator[None]:
        """No database for the time of the block: the lock under which it would be started is held."""
        with FileLock(self.server.location / "lock", timeout=60):
            if (pid := self.postmaster_pid()) is not None:
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()
            yield

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """No byte left on the disk of the checkpoints; a no-op where it could not be mounted."""
        if not self._mounted:
            yield
            return
        filling = self.home.checkpoints / "filling"
        with suppress(OSError), filling.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 2**20)
        try:
            yield
        finally:
            filling.unlink(missing_ok=True)

    def _mount_small_disk(self) -> bool:
        self.home.checkpoints.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            return False
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(self.home.checkpoints)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """Look until there is something. Raises: StageError: There is nothing after minutes."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.25)
    raise StageError(f"waited {PATIENCE_S:g} s in vain for {what}")


def _safely(read: Callable[[], T], otherwise: T) -> T:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return read()
    return otherwise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
