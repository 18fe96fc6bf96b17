"""Landlock: the kernel refuses every file and every TCP port from here on.

Source: docs.kernel.org/userspace-api/landlock.
"""

from __future__ import annotations

import ctypes
import os

from nntracker_ray.datasets.confinement.kernel import syscall

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_GET_VERSION = 1
# How many access rights each version of Landlock knows; a mask with unknown bits is refused.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NEWEST_FILE_RIGHTS = 16
_TCP_RIGHTS, _SCOPES = 0b11, 0b11
_TCP_SINCE, _SCOPES_SINCE = 4, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def forbid_files_and_ports() -> int:
    """Allow nothing that Landlock can forbid; needs no_new_privs. Files already open stay open.

    Returns: The version of Landlock. Raises: OSError: The kernel has none, or it is switched off.
    """
    version = syscall(_CREATE_RULESET, None, 0, _GET_VERSION)
    rights = (1 << _FILE_RIGHTS.get(version, _NEWEST_FILE_RIGHTS)) - 1
    tcp = _TCP_RIGHTS if version >= _TCP_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    fields_known = 1 + (version >= _TCP_SINCE) + (version >= _SCOPES_SINCE)
    ruleset = _Ruleset(rights, tcp, scopes)
    descriptor = syscall(_CREATE_RULESET, ctypes.byref(ruleset), 8 * fields_known, 0)
    try:
        syscall(_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)
    return version
