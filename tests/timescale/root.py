"""Makes the folder that a real TimescaleDB runs from: Debian trixie, which packages it, by debootstrap.

Takes about 35 s and 700 MB, once; kept in the user's cache folder, or where NNTRACKER_TIMESCALE_ROOT says.

    python tests/timescale/root.py      # make it now, say where it is
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock

ENVIRONMENT_VARIABLE = "NNTRACKER_TIMESCALE_ROOT"
SUITE = "trixie"  # the first Debian with a package of TimescaleDB (2.19, Apache edition)
PACKAGES = ("postgresql-17", "postgresql-17-timescaledb")
BINARIES = Path("usr/lib/postgresql/17/bin")
EXTENSION = Path("usr/share/postgresql/17/extension/timescaledb.control")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT = Path("/etc/apt")


class ImpossibleHereError(Exception):
    """This machine cannot make or run the root; the message says why."""


def timescale_root() -> Path:
    """The folder, made if it is not there. Raises: ImpossibleHereError."""
    usual = platformdirs.user_cache_path("nntracker") / f"timescale-{SUITE}"
    folder = Path(os.environ.get(ENVIRONMENT_VARIABLE) or usual)
    if os.geteuid() != 0:
        raise ImpossibleHereError("debootstrap and chroot need root")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / EXTENSION).exists():
            _make(folder)
    return folder


def debian_mirror() -> str:
    """The archive that apt on this machine takes its own release from. Raises: ImpossibleHereError."""
    release = Path("/etc/os-release").read_text()
    codename = re.search(r'^VERSION_CODENAME="?([a-z]+)', release, re.MULTILINE)
    if not re.search(r'^ID="?debian"?$', release, re.MULTILINE) or not codename:
        raise ImpossibleHereError("the system is not Debian, so apt knows no Debian mirror")
    for uri, suite in _apt_sources():
        if suite in (codename[1], "stable"):
            return uri
    raise ImpossibleHereError(f"no mirror of {codename[1]} in {APT}")


def _apt_sources() -> Iterator[tuple[str, str]]:
    """(URI, suite) of every source apt knows, in both of its formats."""
    for path in sorted((APT / "sources.list.d").glob("*.sources")):
        for paragraph in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.+)$", paragraph, re.MULTILINE))
            yield from itertools.product(fields.get("URIs", "").split(), fields.get("Suites", "").split())
    for path in (APT / "sources.list", *sorted((APT / "sources.list.d").glob("*.list"))):
        if path.exists():
            yield from re.findall(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", path.read_text(), re.MULTILINE)


def _make(folder: Path) -> None:
    if shutil.which("debootstrap") is None:
        raise ImpossibleHereError("debootstrap is not installed (apt-get install debootstrap)")
    # Made aside and renamed when complete: one cut short is never taken for a whole one.
    aside = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    if KEYRING.exists():
        command.append(f"--keyring={KEYRING}")
    command += [SUITE, str(aside), debian_mirror()]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **_proxy()}
    )
    if outcome.returncode:
        raise ImpossibleHereError(f"debootstrap failed: {(outcome.stdout + outcome.stderr)[-800:]}")
    shutil.rmtree(aside / "var/cache/apt", ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def _proxy() -> dict[str, str]:
    """apt's own proxy, for debootstrap's downloads."""
    asked = ["apt-config", "shell", "proxy", "Acquire::http::Proxy"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    found = re.search(r"proxy='([^']+)'", answer)
    return {"http_proxy": found[1]} if found and found[1] != "DIRECT" else {}


if __name__ == "__main__":
    print(timescale_root())
