"""The private PostgreSQL: started by anybody, stopped by the last, unharmed by kills."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nntracker_ray.errors import DatabaseAwayError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.storage.binaries import ENVIRONMENT_VARIABLE, find_binaries
from nntracker_ray.storage.connection import Database, resolve_dsn
from nntracker_ray.storage.postmaster import postmaster_lives
from nntracker_ray.storage.server import EmbeddedServer

STARTS_AND_TELLS = """
import sys
from pathlib import Path
import psycopg
from nntracker_ray.home import Home
from nntracker_ray.storage.server import EmbeddedServer
with psycopg.connect(EmbeddedServer(Home(Path(sys.argv[1]))).start()) as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0])
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(Home(tmp_path / "home"))
    yield server
    server.destroy()


def postmaster_pid(server: EmbeddedServer) -> int:
    return int((server.location / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def count_of_numbers(server: EmbeddedServer) -> int:
    with psycopg.connect(server.dsn) as connection:
        row = connection.execute("SELECT count(*) FROM numbers").fetchone()
    assert row is not None
    return int(row[0])


def keep_numbers(server: EmbeddedServer, count: int) -> None:
    with psycopg.connect(server.dsn) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, %s::int)", [count])


def test_the_last_one_out_stops_the_server_and_the_data_stay(server: EmbeddedServer):
    """A person who stops the platform leaves no process behind, and finds everything next time."""
    server.start()
    keep_numbers(server, 1000)

    stopped = server.release()

    assert stopped
    assert not server.is_running()
    server.start()
    assert count_of_numbers(server) == 1000


def test_a_server_that_somebody_uses_is_not_stopped(server: EmbeddedServer):
    """A notebook that reads must not lose its database because the platform is closed."""
    with psycopg.connect(server.start()):
        assert not server.release()
        assert server.is_running()

    assert server.release()


def test_processes_that_start_at_once_get_one_server(server: EmbeddedServer):
    """Ray starts many workers at the same moment; two servers on one folder would destroy it."""
    home = server._home.root
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTS_AND_TELLS, str(home)], stdout=subprocess.PIPE)
        for _ in range(4)
    ]

    answers = {starter.communicate(timeout=120)[0] for starter in starters}

    assert [starter.returncode for starter in starters] == [0] * 4
    assert len(answers) == 1


def test_a_killed_server_starts_again_with_everything_that_was_committed(server: EmbeddedServer):
    """F6: kill -9 and power cuts happen; what was acknowledged must be there."""
    server.start()
    keep_numbers(server, 1000)
    client = psycopg.connect(server.dsn)  # a backend at work delays the end of the killed server's processes
    os.kill(postmaster_pid(server), signal.SIGKILL)

    server.start()

    assert count_of_numbers(server) == 1000
    client.close()


def test_a_pid_file_that_names_somebody_else_does_not_hinder_a_start(server: EmbeddedServer):
    """After a container was restarted, the number in the file usually belongs to another process: here, to us."""
    server.start()
    server.release()
    pid_file = server.location / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n")

    assert not postmaster_lives(server.location / "cluster")
    server.start()

    assert server.is_running()


def test_a_data_folder_behind_a_link_is_the_same_data_folder(tmp_path: Path):
    """Home folders are often links; a server that is taken for dead would be started a second time."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    real, linked = EmbeddedServer(Home(tmp_path / "disk")), EmbeddedServer(Home(tmp_path / "link"))

    linked.start()

    assert real.location == linked.location
    assert real.is_running()
    assert postmaster_lives(linked.location / "cluster")
    linked.destroy()


def test_other_nodes_come_in_by_password_only(server: EmbeddedServer):
    """A port on the machine is open to every account on it."""
    server.start()
    given = conninfo_to_dict(server.tcp_dsn)

    with psycopg.connect(server.tcp_dsn) as connection:
        assert connection.info.host == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**{**given, "password": "guessed"})  # type: ignore[arg-type]
    assert stat.S_IMODE((server.location / "password").stat().st_mode) == 0o600
    assert len(str(given["password"])) >= 32


def test_other_accounts_cannot_use_the_socket(server: EmbeddedServer):
    """Whoever enters by the socket needs no password: only the owner may see it."""
    folder = Path(str(conninfo_to_dict(server.start())["host"]))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_data_folder_with_a_long_path_works(tmp_path: Path):
    """A socket's path may have 107 bytes; home folders and CI workspaces are often longer."""
    server = EmbeddedServer(Home(tmp_path / ("long" * 30) / "home"))

    folder = conninfo_to_dict(server.start())["host"]

    assert len(str(folder)) < 90
    server.destroy()
    assert not Path(str(folder)).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another account")
def test_root_gets_a_database_where_the_server_account_can_reach_it(tmp_path: Path):
    """PostgreSQL refuses to run as root; /root and 0700 folders are closed to the account it runs as."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(Home(closed / "home"))

    server.start()

    assert server.location.is_relative_to("/var/lib/nntracker/databases")
    assert (server.location / "cluster").stat().st_uid != 0
    server.destroy()
    assert not server.location.exists()


def test_destroy_leaves_neither_files_nor_processes(server: EmbeddedServer):
    """How to remove it must be one call."""
    server.start()
    cluster = server.location / "cluster"

    server.destroy()

    assert not server.location.exists()
    assert not postmaster_lives(cluster)


def test_clients_hear_that_the_database_is_away_and_come_back(server: EmbeddedServer):
    """An outage is an error of its own, so that the writer knows to send again."""
    database = Database(server.start())
    with database.connection() as connection:
        connection.execute("SELECT 1")
    server.stop()

    with pytest.raises(DatabaseAwayError), database.connection():
        pass
    server.start()

    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    database.close()


def test_an_embedded_server_that_is_not_running_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The person must read what to do: start the platform, or name a database."""
    monkeypatch.delenv("NNTRACKER_DATABASE_URL", raising=False)

    with pytest.raises(DatabaseAwayError, match="start the platform"):
        resolve_dsn(Home(tmp_path / "home"))


class TestProgramsFromTheWheel:
    """A machine with nothing but Python has no PostgreSQL; the one in the wheel must do."""

    @pytest.fixture
    def without_system_postgresql(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
        monkeypatch.setattr("nntracker_ray.storage.binaries.SYSTEM_FOLDERS", ())
        monkeypatch.setenv("PATH", "/usr/bin:/bin")

    @pytest.mark.usefixtures("without_system_postgresql")
    def test_they_run_the_whole_life_of_a_server(self, server: EmbeddedServer):
        """Made, started, killed, started, stopped."""
        server.start()
        assert find_binaries().in_wheel
        keep_numbers(server, 10)
        os.kill(postmaster_pid(server), signal.SIGKILL)
        server.start()
        assert count_of_numbers(server) == 10
        assert server.release()

    @pytest.mark.slow
    @pytest.mark.usefixtures("without_system_postgresql")
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another account")
    def test_they_are_copied_when_the_server_account_cannot_reach_them(
        self, server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """A virtual environment under /root is closed to the account that the server runs as."""
        installation = find_binaries().folder.parent
        package = installation.parent
        closed = tmp_path / "venv"
        closed.mkdir(mode=0o700)
        (closed / package.name).mkdir()
        subprocess.run(["cp", "-r", installation, closed / package.name], check=True)
        subprocess.run(["cp", "-r", f"{package}.libs", closed], check=True)
        monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(closed / package.name / installation.name / "bin"))
        copies = Path("/var/lib/nntracker/tests") / tmp_path.parent.name
        monkeypatch.setattr("nntracker_ray.storage.binaries.COPIES", copies)

        server.start()

        program = Path(f"/proc/{postmaster_pid(server)}/exe").resolve()
        assert program.is_relative_to(copies)
        server.destroy()
        shutil.rmtree(copies.parent)

    def test_a_cluster_of_another_version_is_refused_with_what_was_found(self):
        """PostgreSQL's data of one major version cannot be read by another."""
        with pytest.raises(PlatformError, match="PostgreSQL 9, which made this database, is needed; found: "):
            find_binaries(major=9)
