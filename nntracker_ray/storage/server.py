"""The private PostgreSQL that runs when nobody names another database."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
import time
from pathlib import Path

import psycopg
from filelock import FileLock
from psycopg.conninfo import make_conninfo

from nntracker_ray.errors import PlatformError
from nntracker_ray.home import Home
from nntracker_ray.storage.binaries import Binaries, find_binaries
from nntracker_ray.storage.postmaster import clear_stale_files, postmaster_lives
from nntracker_ray.storage.server_account import ServerAccount
from nntracker_ray.storage.server_place import ServerPlace

ROLE = "nntracker"
DATABASE = "nntracker"
HOST = "127.0.0.1"
START_TIMEOUT_S = 900  # recovery after a crash may read all the log there is
LOCK_TIMEOUT_S = 1000.0
LEAVING_TIMEOUT_S = 1.0  # a backend stays in the list a moment after its client closed

CONFIGURATION = f"""
# Written by NNTracker. Port and socket folder are given at start.
listen_addresses = '{HOST}'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 128MB
work_mem = 16MB
max_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""
ACCESS = f"""
# The owner of the files by the socket; everybody else by password, on this machine.
local all all peer map=owner
host  all all {HOST}/32 scram-sha-256
"""


class EmbeddedServer:
    """One PostgreSQL per home. Any number of processes may start it and let go of it; the last one out stops it."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._account = ServerAccount.for_this_process()
        self._place = ServerPlace.of(home, self._account)

    @property
    def location(self) -> Path:
        """The folder that holds the database. Differs from `home.database` where the server's account cannot go."""
        return self._place.folder

    @property
    def dsn(self) -> str:
        """The database by its unix socket, for processes of the same account."""
        return self._dsn(host=str(self._place.socket))

    @property
    def tcp_dsn(self) -> str:
        """The database by TCP and password, on 127.0.0.1."""
        return self._dsn(host=HOST, password=self._place.password.read_text("ascii"))

    def is_running(self) -> bool:
        """Whether it answers now."""
        try:
            psycopg.connect(
                self._dsn(host=str(self._place.socket), dbname="postgres"), connect_timeout=5
            ).close()
        except (psycopg.OperationalError, FileNotFoundError):
            return False
        return True

    def lives(self) -> bool:
        """Whether its process is there; costs next to nothing, and says nothing of a server that is stuck."""
        return postmaster_lives(self._place.cluster)

    def start(self) -> str:
        """Start it, if it is not running, making it first if it is not there. Returns the DSN of the socket.

        Raises: PlatformError: No fitting PostgreSQL programs, or it would not start; says what it logged.
        """
        with self._lock():
            if not self.is_running():
                self._bring_up()
            self._ensure_database()
        return self.dsn

    def release(self) -> bool:
        """Stop it if no other client is connected; close your own connections first. Returns whether it stopped."""
        with self._lock():
            if not self.is_running() or self._other_clients():
                return False
            self._control("stop", "-m", "fast")
            return True

    def stop(self) -> None:
        """Stop it whoever is connected; their open transactions are rolled back."""
        with self._lock():
            if postmaster_lives(self._place.cluster):
                self._control("stop", "-m", "fast")

    def destroy(self) -> None:
        """Stop it and delete it with everything in it."""
        if not self.location.exists():
            return
        self.stop()
        shutil.rmtree(self._place.socket, ignore_errors=True)
        shutil.rmtree(self.location)

    # --- how ---------------------------------------------------------------------------------------------------

    def _dsn(self, *, host: str, password: str | None = None, dbname: str = DATABASE) -> str:
        port = int(self._place.port.read_text("ascii"))
        return make_conninfo("", host=host, port=port, user=ROLE, password=password, dbname=dbname)

    def _lock(self) -> FileLock:
        if self._place.folder == self._home.database.resolve():
            self._home.create()
        # The server's account passes through, others see nothing.
        self._place.folder.mkdir(parents=True, exist_ok=True, mode=0o711 if self._account.is_other else 0o700)
        return FileLock(self._place.folder / "lock", timeout=LOCK_TIMEOUT_S)

    def _bring_up(self) -> None:
        if not self._place.cluster.exists():
            self._create_cluster()
        if postmaster_lives(
            self._place.cluster
        ):  # somebody started it and was killed before it had recovered
            self._wait_until_running()
            return
        self._make_socket_folder()
        clear_stale_files(self._place.cluster, self._place.socket)
        self._choose_port()
        options = (
            f"-c port={self._place.port.read_text('ascii')} -c unix_socket_directories={self._place.socket}"
        )
        self._control("start", "-l", str(self._place.server_log), "-o", options)

    def _create_cluster(self) -> None:
        binaries = find_binaries().reachable_by(self._account)
        # Made aside and renamed when complete: a first start that was killed leaves nothing half made.
        aside = self._place.folder / "cluster.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        self._account.own(aside)
        password_file = self._write_password(aside.parent / "password.new")
        command: list[str | Path] = [
            binaries.program("initdb"),
            "-D",
            aside,
            "-U",
            ROLE,
            "--pwfile",
            password_file,
            "-E",
            "UTF8",
        ]
        command += ["--locale=C", "--auth-local=peer", "--auth-host=scram-sha-256", "--no-instructions"]
        if self._account.run(command, log=self._place.control_log, timeout_s=START_TIMEOUT_S):
            raise PlatformError(f"initdb failed:\n{_tail(self._place.control_log)}")
        self._write_configuration(aside)
        aside.rename(self._place.cluster)

    def _write_password(self, for_initdb: Path) -> Path:
        password = secrets.token_urlsafe(24)
        for path in (self._place.password, for_initdb):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(password, "ascii")
        self._account.own(for_initdb)
        return for_initdb

    def _write_configuration(self, cluster: Path) -> None:
        (self._place.folder / "password.new").unlink()
        with (cluster / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(CONFIGURATION)
        (cluster / "pg_hba.conf").write_text(ACCESS, "utf-8")
        owners = [f"owner {name} {ROLE}\n" for name in sorted(self._account.can_enter_as)]
        (cluster / "pg_ident.conf").write_text("".join(owners), "utf-8")

    def _make_socket_folder(self) -> None:
        folder = self._place.socket
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        # The short one lies where anybody may have put something under its name before us.
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (os.geteuid(), self._account.uid):
            raise PlatformError(
                f"{folder} belongs to somebody else; remove it, or choose a shorter data folder"
            )
        folder.chmod(0o700)
        self._account.own(folder)

    def _choose_port(self) -> None:
        """Keep the port of last time while it is free: other nodes know it."""
        file = self._place.port
        if not (file.exists() and _is_free(int(file.read_text("ascii")))):
            file.write_text(str(_free_port()), "ascii")

    def _control(self, action: str, *arguments: str) -> None:
        program = self._binaries_of_cluster().program("pg_ctl")
        command: list[str | Path] = [
            program,
            "-D",
            self._place.cluster,
            "-w",
            "-t",
            str(START_TIMEOUT_S),
            action,
            *arguments,
        ]
        if self._account.run(command, log=self._place.control_log, timeout_s=START_TIMEOUT_S + 60):
            logs = "\n".join(_tail(log) for log in (self._place.control_log, self._place.server_log))
            raise PlatformError(f"the database in {self.location} would not {action}:\n{logs}")

    def _binaries_of_cluster(self) -> Binaries:
        major = int((self._place.cluster / "PG_VERSION").read_text("ascii"))
        return find_binaries(major=major).reachable_by(self._account)

    def _wait_until_running(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self.is_running():
            if time.monotonic() > deadline_s or not postmaster_lives(self._place.cluster):
                raise PlatformError(
                    f"the database in {self.location} did not start:\n{_tail(self._place.server_log)}"
                )
            time.sleep(0.1)

    def _ensure_database(self) -> None:
        with self._administrator() as connection:
            name = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if name is None:
                self._compress_with_lz4_if_built_in(connection)
                connection.execute("CREATE DATABASE nntracker")

    def _compress_with_lz4_if_built_in(self, connection: psycopg.Connection) -> None:
        found = connection.execute(
            "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'wal_compression'"
        ).fetchone()
        if found and found[0]:
            connection.execute("ALTER SYSTEM SET wal_compression = 'lz4'")
            connection.execute("ALTER SYSTEM SET default_toast_compression = 'lz4'")
            connection.execute("SELECT pg_reload_conf()")

    def _other_clients(self) -> bool:
        deadline_s = time.monotonic() + LEAVING_TIMEOUT_S
        with self._administrator() as connection:
            while count := self._count_clients(connection):
                if time.monotonic() > deadline_s:
                    return bool(count)
                time.sleep(0.02)
        return False

    @staticmethod
    def _count_clients(connection: psycopg.Connection) -> int:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()"
        ).fetchone()
        return int(row[0]) if row else 0

    def _administrator(self) -> psycopg.Connection:
        return psycopg.connect(
            self._dsn(host=str(self._place.socket), dbname="postgres"), autocommit=True, connect_timeout=5
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((HOST, port)) != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _tail(log: Path, characters: int = 1500) -> str:
    return log.read_text("utf-8", "replace")[-characters:] if log.exists() else ""
