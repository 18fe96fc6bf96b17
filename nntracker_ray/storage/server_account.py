"""The operating system account that the embedded PostgreSQL runs as, and what that account can reach."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntracker_ray.errors import PlatformError

UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Ourselves; for root, which PostgreSQL refuses to run as, an account without rights."""

    name: str
    uid: int
    gid: int
    is_other: bool  # not the account of this process

    @classmethod
    def for_this_process(cls) -> ServerAccount:
        """Raises: PlatformError: We are root and the system has no account to run as."""
        if os.geteuid() != 0:
            return cls._named(pwd.getpwuid(os.geteuid()).pw_name, is_other=False)
        for name in UNPRIVILEGED:
            try:
                return cls._named(name, is_other=True)
            except KeyError:
                continue
        raise PlatformError(
            "PostgreSQL does not run as root, and the system has neither an account 'postgres' nor 'nobody'; "
            "start as another user, or set NNTRACKER_DATABASE_URL"
        )

    @classmethod
    def _named(cls, name: str, *, is_other: bool) -> ServerAccount:
        entry = pwd.getpwnam(name)
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, is_other)

    @property
    def can_enter_as(self) -> frozenset[str]:
        """Names of the accounts that own the database: ours and the server's."""
        return frozenset({self.name, pwd.getpwuid(os.geteuid()).pw_name})

    def reaches(self, path: Path) -> bool:
        """Whether the account can pass through every existing folder on the way to `path`, and read it if it exists."""
        if not self.is_other:
            return True
        existing = [part for part in (path, *path.parents) if part.exists()]
        folders_open = all(self._permits(part, stat.S_IXOTH) for part in existing if part.is_dir())
        return folders_open and (not path.is_file() or self._permits(path, stat.S_IROTH))

    def own(self, path: Path) -> None:
        """Give the file or folder to the account."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def run(self, command: Sequence[str | Path], *, log: Path, timeout_s: float) -> int:
        """Run the command as the account, output appended to `log`. Returns its exit status."""
        with log.open("ab") as output:
            return subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_plain_environment(),
                timeout=timeout_s,
                check=False,
                user=self.uid if self.is_other else None,
                group=self.gid if self.is_other else None,
                extra_groups=[] if self.is_other else None,
                # Ctrl-C in the terminal is for the platform, which then stops the server in good order.
                start_new_session=True,
            ).returncode

    def _permits(self, path: Path, right_of_others: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return bool(status.st_mode & (right_of_others << shift))


def _plain_environment() -> dict[str, str]:
    # PG* variables meant for a client would mislead the server's tools, secrets have no business in it.
    kept = ("PATH", "TZ", "TMPDIR")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}
