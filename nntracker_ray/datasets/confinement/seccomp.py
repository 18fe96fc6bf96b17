"""A seccomp filter that lets a process compute, allocate memory, and use the files it has open; nothing else.

A list of what is allowed, not of what is forbidden: system calls that kernels will add are refused too. Refused
calls fail with EPERM, so that a library which merely tries something can go on. No new executable memory.
Source: docs.kernel.org/userspace-api/seccomp_filter; numbers from arch/x86/entry/syscalls/syscall_64.tbl.
"""

from __future__ import annotations

import ctypes
import platform
import struct

from nntracker_ray.datasets.confinement.kernel import PR_SET_SECCOMP, prctl

_X86_64 = 0xC000003E  # AUDIT_ARCH_X86_64
_ALLOWED = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "munmap": 11, "brk": 12, "rt_sigaction": 13,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "pwrite64": 18, "readv": 19, "writev": 20,
    "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39, "exit": 60, "fsync": 74, "ftruncate": 77,
    "gettimeofday": 96, "getrusage": 98, "sysinfo": 99, "sigaltstack": 131, "gettid": 186, "futex": 202,
    "sched_getaffinity": 204, "clock_gettime": 228, "exit_group": 231, "newfstatat": 262, "getrandom": 318,
    "rseq": 334,
}  # fmt: skip
_MEMORY_CALLS = {"mmap": 9, "mprotect": 10}  # allowed without PROT_EXEC
_PROT_EXEC = 4
_EPERM = 1
_MODE_FILTER = 2

_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_AT_NUMBER, _AT_ARCHITECTURE, _AT_THIRD_ARGUMENT = 0, 4, 32  # byte offsets in struct seccomp_data
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | _EPERM, 0x80000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install() -> None:
    """Switch the filter on for this thread and for good; needs no_new_privs.

    Raises: OSError: The kernel refuses, or this machine is not x86-64.
    """
    if platform.machine() != "x86_64":
        raise OSError(f"no system call table for {platform.machine()}")
    code = program()
    instructions = ctypes.create_string_buffer(code, len(code))
    described = _Program(len(code) // 8, ctypes.addressof(instructions))
    prctl(PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(described))


def program() -> bytes:
    """The filter as BPF instructions, 8 bytes each."""
    allowed = sorted(_ALLOWED.values())
    memory = sorted(_MEMORY_CALLS.values())
    lines = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
    ]
    to_check = len(allowed) + len(memory) + 1
    for number in memory:
        to_check -= 1
        lines.append((_JUMP_EQUAL, to_check, 0, number))
    to_allow = len(allowed) + 3
    for number in allowed:
        to_allow -= 1
        lines.append((_JUMP_EQUAL, to_allow, 0, number))
    lines += [
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _AT_THIRD_ARGUMENT),
        (_JUMP_ANY_BIT, 1, 0, _PROT_EXEC),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", code, yes, no, value) for code, yes, no, value in lines)
