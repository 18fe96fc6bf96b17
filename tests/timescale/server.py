"""A PostgreSQL with TimescaleDB preloaded, running inside the root, reachable by TCP on loopback."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from tests.timescale.root import BINARIES, ImpossibleHereError, timescale_root

START_TIMEOUT_S = 60.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # Nothing is mounted in the root, /dev/shm neither.
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "60",
    "fsync": "off",  # thrown away after the tests
}


class TimescaleServer:
    """One server with a cluster of its own, gone after `stop`."""

    def __init__(self) -> None:
        self._root = timescale_root()
        self._name = f"nntracker-{secrets.token_hex(4)}"
        self._password = secrets.token_urlsafe(16)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        return make_conninfo(
            "", host="127.0.0.1", port=self._port, user="postgres", password=self._password, dbname="postgres"
        )

    def start(self) -> None:
        """Raises: ImpossibleHereError: It would not start; says what it logged."""
        self._init_cluster()
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_postgres("postgres"), "-D", self._inside, "-p", str(self._port), *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """End it and delete its cluster."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown: clients are disconnected
            self._process.wait(timeout=30)
        shutil.rmtree(self._cluster, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    @property
    def _inside(self) -> str:
        """The cluster as the server sees it."""
        return f"/var/lib/postgresql/{self._name}"

    @property
    def _cluster(self) -> Path:
        return self._root / self._inside.lstrip("/")

    @property
    def _log(self) -> Path:
        return self._root / f"var/log/postgresql/{self._name}.log"

    def _as_postgres(self, program: str) -> list[str]:
        return ["chroot", "--userspec=postgres:postgres", str(self._root), f"/{BINARIES / program}"]

    def _init_cluster(self) -> None:
        password_file = self._root / f"tmp/{self._name}"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        shutil.chown(password_file, _owner(self._root), _owner(self._root))
        options = ["-D", self._inside, f"--pwfile=/tmp/{self._name}", "--auth=scram-sha-256"]
        options += ["-E", "UTF8", "--locale=C"]
        made = subprocess.run(
            [*self._as_postgres("initdb"), *options], capture_output=True, text=True, check=False
        )
        password_file.unlink()
        if made.returncode:
            raise ImpossibleHereError(f"initdb in {self._root} failed: {(made.stdout + made.stderr)[-800:]}")

    def _wait(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            try:
                psycopg.connect(self.dsn, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        log = self._log.read_text("utf-8", "replace")[-800:]
        self.stop()
        raise ImpossibleHereError(f"TimescaleDB did not start: {log}")


def _owner(root: Path) -> int:
    """The number of the account `postgres` inside the root; not the same as outside."""
    for line in (root / "etc/passwd").read_text().splitlines():
        if line.startswith("postgres:"):
            return int(line.split(":")[2])
    raise ImpossibleHereError(f"no account 'postgres' in {root}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
