"""Where an embedded database lies, and what is in its folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nntracker_ray.home import Home
from nntracker_ray.storage.server_account import ServerAccount

LONGEST_SOCKET_FOLDER = 85  # bytes; the socket's own path must stay under 100
ROOT_DATABASES = Path("/var/lib/nntracker/databases")


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """The folder of one embedded database and what is in it."""

    folder: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.folder / "cluster"

    @property
    def port(self) -> Path:
        """The TCP port, and the socket's number."""
        return self.folder / "port"

    @property
    def password(self) -> Path:
        """For connections by TCP; 0600."""
        return self.folder / "password"

    @property
    def control_log(self) -> Path:
        """What initdb and pg_ctl said."""
        return self.folder / "control.log"

    @property
    def server_log(self) -> Path:
        """What the server said."""
        return self.cluster / "server.log"

    @property
    def socket(self) -> Path:
        """Folder of the socket, 0700: inside, or where paths are too long for a socket, a short one."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        base = ROOT_DATABASES.parent / "sockets" if os.geteuid() == 0 else Path(tempfile.gettempdir())
        return base / f"nntracker-{digest_of(self.folder)}"

    @classmethod
    def of(cls, home: Home, account: ServerAccount) -> ServerPlace:
        """`home.database`; a folder under /var/lib where root's server account could not reach that."""
        # The process table, which tells whether a server lives, knows folders by their real paths only.
        real = home.database.resolve()
        if account.reaches(real):
            return cls(real)
        return cls(ROOT_DATABASES / digest_of(home.root.resolve()))


def digest_of(path: Path) -> str:
    """A short name that stands for a long path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
