"""What is read of a zip before it is trusted with a look: how large its directory is, and whether it is whole."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Final, ParamSpec, TypeVar

from nntracker_ray.errors import BadInputError

P = ParamSpec("P")
T = TypeVar("T")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_LONGEST_END: Final = _END.size + 65_535


def damage_told(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Do it, and let a damaged zip be bad input, wherever it shows. Raises: BadInputError."""
    try:
        return work(*args, **named)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        NotImplementedError,
        struct.error,
        OSError,
    ) as error:
        raise BadInputError(f"the archive is damaged, or no zip: {error}") from error


def directory_size(file: IO[bytes]) -> tuple[int, int]:
    """How many members a zip says it has, and how many bytes its directory.

    Raises: BadInputError: It is no zip, or was cut short.
    Source: PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16.
    """
    size = file.seek(0, io.SEEK_END)
    start = file.seek(max(0, size - _LONGEST_END))
    tail = file.read(_LONGEST_END)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END.size:
        raise BadInputError(
            "this is no zip, or one that was cut short; give an archive that NNTracker has made"
        )
    *_, members, directory_bytes, _, _ = _END.unpack_from(tail, place)
    # Both records are looked at, whichever the reader will believe.
    large = _large_directory(file, start + place - _LOCATOR.size)
    return max(members, large[0]), max(directory_bytes if directory_bytes != 2**32 - 1 else 0, large[1])


def _large_directory(file: IO[bytes], at: int) -> tuple[int, int]:
    """The same from the record for large zips, if there is one."""
    if at < 0:
        return 0, 0
    file.seek(at)
    signature, _, where, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if signature != b"PK\x06\x07":
        return 0, 0
    # zipfile looks for it right before its locator, wherever that says it is.
    sizes = [_record(file, place) for place in {where, at - _END_64.size} if 0 <= place < at]
    return max((one[0] for one in sizes), default=0), max((one[1] for one in sizes), default=0)


def _record(file: IO[bytes], place: int) -> tuple[int, int]:
    file.seek(place)
    record = file.read(_END_64.size)
    if len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        return 0, 0
    *_, members, directory_bytes, _ = _END_64.unpack(record)
    return members, directory_bytes
