"""Giving up every right that reading a file does not need.

Each measure alone would stop most attacks; where a kernel or a container refuses one, the others stay and the
refusal is reported with its reason.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nntracker_ray.datasets.confinement import kernel, landlock, seccomp

_NOBODY = 65_534
_NAMESPACES = 0x10000000 | 0x40000000 | 0x20000000 | 0x08000000 | 0x04000000 | 0x00020000
# user, network, process, IPC, host name, mounts (CLONE_NEW* in sched.h)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the locked process may use."""

    memory_bytes: int  # address space beyond what it has now
    cpu_s: int  # processor time
    file_bytes: int  # size of any file it writes


@dataclass(slots=True)
class Measures:
    """Which locks hold, and why the others do not."""

    holding: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)  # measure -> the kernel's reason

    def attempt(self, name: str, lock: Callable[[], object]) -> None:
        """Turn one lock; note whether it holds."""
        try:
            lock()
        except OSError as error:
            self.missing[name] = error.strerror or str(error)
        else:
            self.holding.append(name)


def lock_down(allowance: Allowance, empty_folder: int | None = None) -> Measures:
    """Confine this process for good. Continues in a child of its own where the kernel gives it namespaces.

    Files open before stay open; nothing else can be opened, imported, started, reached or signalled. Other threads
    are left behind. `empty_folder` is the descriptor of a folder to become the root of the file system; it is closed.
    """
    measures = Measures()
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        # Locks are a thread's own: a library's idle helper would stay free. A fork has one thread.
        _continue_in_child()
    in_use_bytes = _address_space_bytes()  # now, while /proc can be read
    if os.geteuid() == 0:
        measures.attempt("unprivileged user", _become_nobody)
    measures.attempt("namespaces", lambda: kernel.unshare(_NAMESPACES))
    if empty_folder is not None:
        measures.attempt("empty root folder", lambda: _enter(empty_folder))
        os.close(empty_folder)
    if "namespaces" in measures.holding:
        # The new process namespace begins with the next child.
        _continue_in_child()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    _limit(allowance, in_use_bytes)
    measures.holding.append("resource limits")
    measures.attempt("no new privileges", lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1))
    measures.attempt("landlock", landlock.forbid_files_and_ports)
    # Descriptors already open stay usable; no further one can be had.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    measures.attempt("seccomp", seccomp.install)
    return measures


def _become_nobody() -> None:
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _enter(folder: int) -> None:
    os.fchdir(folder)
    os.chroot(".")


def _continue_in_child() -> None:
    """Go on in a child; this process waits and ends as the child ends, and the child never outlives it."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    child = os.fork()
    if child == 0:
        return
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _limit(allowance: Allowance, in_use_bytes: int) -> None:
    bounds = {
        resource.RLIMIT_AS: in_use_bytes + allowance.memory_bytes,
        resource.RLIMIT_CPU: allowance.cpu_s,
        resource.RLIMIT_FSIZE: allowance.file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (allowed, allowed))


def _address_space_bytes() -> int:
    """Of this process now, from /proc."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
