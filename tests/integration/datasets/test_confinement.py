"""The confined process can compute, and nothing else."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nntracker_ray
from nntracker_ray.datasets.confinement.lockdown import Measures

ROOT = Path(nntracker_ray.__file__).parents[1]
PROBE = Path(__file__).with_name("confinement_probe.py")
FORBIDDEN = [
    line.split('"')[1]
    for line in PROBE.read_text().split("ATTEMPTS = {")[1].split("}\nALLOWED")[0].splitlines()
    if line.startswith('    "')
]
ALLOWED = ["take a little memory", "read the clock", "random bytes", "write to an open file"]


STARTED = {
    "as it is": (os.getuid(), 0),
    "by an ordinary user": (12_345, 0),
    "with threads": (os.getuid(), 3),
}


@pytest.fixture(scope="module", params=STARTED)
def probe(request, tmp_path_factory):
    """What a locked process managed to do, and whether anything outside noticed."""
    user, threads = STARTED[request.param]
    if os.getuid() not in (0, user):
        pytest.skip("only root can start a process as somebody else")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "kept").write_text("x")
    empty = tmp_path_factory.mktemp("empty")
    for folder in (outside, empty, *outside.parents[:2]):
        folder.chmod(0o777)
    folder = os.open(empty, os.O_RDONLY | os.O_DIRECTORY)
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.0)
        arguments = [
            str(ROOT),
            str(folder),
            str(canary.getsockname()[1]),
            str(outside),
            str(user),
            str(threads),
        ]
        done = subprocess.run(
            [sys.executable, "-I", PROBE, *arguments],
            capture_output=True,
            pass_fds=[folder],
            timeout=60,
            check=False,
        )
        touched = True
        try:
            canary.accept()
        except BlockingIOError:
            touched = False
    os.close(folder)
    assert done.returncode == 0, done.stderr.decode()
    return {
        **json.loads(done.stdout),
        "canary touched": touched,
        "files": sorted(p.name for p in outside.iterdir()),
    }


@pytest.mark.parametrize("attempt", FORBIDDEN)
def test_a_locked_process_cannot(probe, attempt):
    """Whatever a file makes its reader do, it must not reach anything outside."""
    assert probe["results"][attempt] != "done"


@pytest.mark.parametrize("attempt", ALLOWED)
def test_a_locked_process_can_still(probe, attempt):
    """A lock that stops everything would pass every other test here."""
    assert probe["results"][attempt] == "done"


def test_nothing_outside_was_touched(probe):
    """The outcome is judged from outside too: a refused call that acted all the same would show here."""
    assert not probe["canary touched"]
    assert probe["files"] == ["kept", "open"]


def test_every_lock_holds_or_gives_its_reason(probe):
    """An administrator must be able to see on which lock a machine cannot rely."""
    expected = {
        "namespaces",
        "empty root folder",
        "resource limits",
        "no new privileges",
        "landlock",
        "seccomp",
    }

    assert expected <= set(probe["holding"]) | set(probe["missing"])
    assert all(probe["missing"].values())
    assert "seccomp" in probe["holding"]


def test_a_lock_that_the_kernel_refuses_is_kept_with_its_reason():
    """Containers often refuse name spaces; the other locks must still be turned."""

    def refuse():
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    measures = Measures()
    measures.attempt("namespaces", refuse)
    measures.attempt("seccomp", lambda: None)

    assert measures.missing == {"namespaces": "Operation not permitted"}
    assert measures.holding == ["seccomp"]


def test_a_reader_that_never_ends_is_killed_by_the_processor_limit():
    """Without this a small file could occupy a core for ever."""
    code = (
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "from nntracker_ray.datasets.confinement.lockdown import Allowance, lock_down\n"
        "lock_down(Allowance(memory_bytes=1 << 28, cpu_s=1, file_bytes=1 << 20))\n"
        "while True: pass"
    )

    done = subprocess.run([sys.executable, "-I", "-c", code], timeout=60, check=False)

    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_the_confined_process_dies_with_the_one_that_started_it():
    """A killed platform must not leave readers behind."""
    inner = (
        f"import sys, time; sys.path.append({str(ROOT)!r})\n"
        "from nntracker_ray.datasets.confinement.lockdown import Allowance, lock_down\n"
        "lock_down(Allowance(memory_bytes=1 << 28, cpu_s=60, file_bytes=1 << 20))\n"
        "print('locked', flush=True)\n"
        "while True: time.sleep(0.1)"
    )
    outer = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-I', '-c', {inner!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
    )
    starter = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE)
    pid = int(starter.stdout.readline())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    starter.kill()
    starter.wait()

    deadline = time.monotonic() + 10
    while any(_runs(each) for each in (pid, *children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(each) for each in (pid, *children))


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
