"""The Linux calls that Python's standard library does not have."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38


def prctl(option: int, value: int, address: int = 0) -> None:
    """Raises: OSError."""
    _check(
        _libc.prctl(
            option, ctypes.c_ulong(value), ctypes.c_ulong(address), ctypes.c_ulong(0), ctypes.c_ulong(0)
        )
    )


def unshare(flags: int) -> None:
    """Raises: OSError."""
    _check(_libc.unshare(flags))


def syscall(number: int, *arguments: object) -> int:
    """The call's result. Raises: OSError."""
    widened = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _check(int(_libc.syscall(ctypes.c_long(number), *widened)))


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
