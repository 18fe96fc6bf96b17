"""The composition root: starts database, Ray, writer, run manager and web app in that order, and ends them."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from filelock import FileLock, Timeout

from apps.joined_cluster import require_fit_cluster
from apps.ports import is_free_port, require_free_port
from apps.ray_token import token_path_in_effect
from apps.watch import Watch, vital_processes
from nntracker_ray.errors import PlatformError
from nntracker_ray.home import ENVIRONMENT_VARIABLE, Home
from nntracker_ray.platform_file import (
    PlatformInfo,
    already_runs,
    remove_platform_file,
    write_platform_file,
)
from nntracker_ray.storage.connection import Database, named_dsn
from nntracker_ray.storage.migrations import migrate
from nntracker_ray.storage.server import EmbeddedServer

NAMESPACE = "nntracker"
LOOPBACK = "127.0.0.1"
DEFAULT_WEB_PORT = 8000
# In a container the app must listen on the container's own address; the gate lets in who signs in, wherever from.
WEB_HOST_VARIABLE = "NNTRACKER_WEB_HOST"
# Ray lets nobody choose this port in ray.init; a second Ray on the machine goes without it, and without jobs.
RAY_JOBS_PORT = 52365
RAY_LEAVES_WITHIN_S = 5.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlatformOptions:
    """What a platform is made of."""

    web: bool = True
    web_port: int = DEFAULT_WEB_PORT
    web_host: str = field(default_factory=lambda: os.environ.get(WEB_HOST_VARIABLE, LOOPBACK))
    dashboard: bool = True
    cpus: int | None = None  # None: as many as Ray finds


class Platform:
    """Everything that runs, as one context manager: what was started is ended in reverse order.

    Raises: PlatformError: One runs already on this data folder, a port is used, or a part did not come up.
    """

    def __init__(self, home: Home, options: PlatformOptions, *, report: Report = lambda _: None) -> None:
        self._home = home
        self._options = options
        self._report = report
        self._ends = ExitStack()
        self.dsn = ""
        self.info: PlatformInfo | None = None
        self.database: Database | None = None
        self.takes_jobs = True  # whether `ray job submit` will be answered
        self._server: EmbeddedServer | None = None  # None: somebody else's database
        self._gone = threading.Event()  # set when the Ray below is gone

    @property
    def is_whole(self) -> bool:
        """Whether nothing is gone that this process cannot replace; a new process can."""
        return not self._gone.is_set()

    def __enter__(self) -> Platform:
        try:
            self._start()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._report("stopping")
        self._ends.close()

    def _start(self) -> None:
        self._prepare_home()
        self._ends.enter_context(_only_one(self._home))
        if self._options.web:
            require_free_port(self._options.web_host, self._options.web_port)
        self._report("starting the database")
        with ThreadPoolExecutor(1) as aside:
            database = aside.submit(self._start_database)
            self._load_ray()
            database.result()
        self._report("starting Ray")
        address, dashboard = self._start_ray()
        # Before the run manager: its first worker loads TensorFlow, and a person waits for the page alone.
        web = self._start_web() if self._options.web else None
        self._report("starting the metrics writer and the run manager")
        self._start_actors()
        self._start_watch()
        token = token_path_in_effect()
        self.info = PlatformInfo.of_this_process(
            ray_address=address, dashboard=dashboard, web=web, ray_token=str(token) if token else None
        )
        write_platform_file(self._home, self.info)
        self._ends.callback(remove_platform_file, self._home)

    def _prepare_home(self) -> None:
        try:
            self._home.create()
            self._home.logs.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise PlatformError(
                f"the data folder {self._home.root} cannot be written: {error.strerror}; "
                "choose another with NNTRACKER_HOME"
            ) from error

    def _start_database(self) -> None:
        if url := named_dsn():
            self.dsn = url
        else:
            self._server = EmbeddedServer(self._home)
            self.dsn = self._server.start()
            self._ends.callback(self._server.release)
        self.database = Database(self.dsn, application="nntracker platform")
        self._ends.callback(self.database.close)
        migrate(self.database)

    def _load_ray(self) -> None:
        """Seconds of loading; in this thread alone, as modules that import each other must not meet."""
        # Workers and jobs inherit these: they must find our data folder, and our Python under its plain name.
        os.environ[ENVIRONMENT_VARIABLE] = str(self._home.root)
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        if "RAY_ADDRESS" not in os.environ:
            self._protect_ray()
        import actors.metrics_writer
        import actors.run_manager  # noqa: F401

        if self._options.web:
            import apps.serve  # noqa: F401

    def _start_ray(self) -> tuple[str, str | None]:
        """Start a Ray of our own, or join the one whose job we are. Returns its address and dashboard."""
        import ray

        address = os.environ.get("RAY_ADDRESS")
        arguments = self._join_arguments(address) if address else self._own_arguments()
        self._ends.callback(_end_ray)
        with _keeping_signal_handlers():
            context = ray.init(**arguments)
        if address:
            require_fit_cluster(self._home, embedded_database=self._server is not None)
        dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else None
        return ray.get_runtime_context().gcs_address, dashboard

    def _protect_ray(self) -> None:
        """Ray's ports run code for whoever asks: let them ask for a token. Must happen before Ray is imported."""
        token = self._home.ray_token
        if not token.exists():
            token.touch(mode=0o600)
            token.write_text(secrets.token_hex(32))
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(token)
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

    def _join_arguments(self, address: str) -> dict[str, Any]:
        return {"address": address, "namespace": NAMESPACE, "log_to_driver": False, "logging_level": "ERROR"}

    def _own_arguments(self) -> dict[str, Any]:
        # Ray puts sockets in this folder, whose paths must stay under 108 bytes; the data folder may be long.
        self.takes_jobs = self._options.dashboard and is_free_port(LOOPBACK, RAY_JOBS_PORT)
        folder = _empty_ray_folder(self._home)
        self._ends.callback(shutil.rmtree, folder, ignore_errors=True)
        return {
            "address": "local",
            "namespace": NAMESPACE,
            "num_cpus": self._options.cpus,
            "include_dashboard": self._options.dashboard,
            "dashboard_host": LOOPBACK,
            "dashboard_port": None,  # 8265, or, where another platform has it, the next that Ray finds free
            "_temp_dir": str(folder),
            "log_to_driver": False,
            "logging_level": "ERROR",
        }

    def _start_actors(self) -> None:
        from actors.metrics_writer import start_metrics_writer, stop_metrics_writer
        from actors.run_manager import start_run_manager, stop_run_manager

        start_metrics_writer(self.dsn)
        self._ends.callback(stop_metrics_writer)
        start_run_manager(str(self._home.root), self.dsn, cpus=self._options.cpus)
        self._ends.callback(stop_run_manager)

    def _start_web(self) -> str:
        from apps.api.local_token import end_local_token, keep_local_token
        from apps.serve import start_web, stop_web

        self._report("starting the web app")
        if self.database is not None:
            keep_local_token(self.database, self._home)
            self._ends.callback(end_local_token, self.database, self._home)
        self._ends.callback(stop_web)
        return start_web(
            str(self._home.root), self.dsn, host=self._options.web_host, port=self._options.web_port
        )

    def _start_watch(self) -> None:
        watch = Watch(server=self._server, vital=vital_processes(), gone=self._note_gone)
        watch.start()
        self._ends.callback(watch.close)

    def _note_gone(self, name: str) -> None:
        self._report(f"Ray is gone: its process {name} ended")
        self._gone.set()


@contextmanager
def _keeping_signal_handlers() -> Iterator[None]:
    """Ray's own handler of SIGTERM ends the process on the spot, and everything with it that should be ended well."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in ours.items():
        signal.signal(number, handler)


def _end_ray() -> None:
    """Leave Ray, and see to it that what it started for us is gone: its agents and workers may linger.

    They hold connections to the database, which ends only when its last client has left.
    """
    import ray

    started = psutil.Process().children(recursive=True)
    ray.shutdown()
    _, lingering = psutil.wait_procs(started, timeout=RAY_LEAVES_WITHIN_S)
    for process in lingering:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(lingering, timeout=RAY_LEAVES_WITHIN_S)


def _empty_ray_folder(home: Home) -> Path:
    """A new folder for Ray; those of this data folder's platforms that were killed are removed."""
    prefix = f"nntracker-ray-{hashlib.sha256(str(home.root).encode()).hexdigest()[:8]}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix))


def _only_one(home: Home) -> FileLock:
    """The lock that one platform holds on a data folder; the kernel lets go of it when its process dies."""
    lock = FileLock(home.root / "platform.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PlatformError(already_runs(home)) from None
    return lock
