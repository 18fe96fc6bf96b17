"""A zip written piece by piece to somebody who takes it as it comes: no part is kept."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, TypeAlias, cast

from nntracker_ray.archive.layout import Member

if TYPE_CHECKING:
    from typing_extensions import Buffer

HANDED_ON_BYTES = 256 * 1024
# Arrays and Parquet do not get smaller.
_PACKED_ALREADY = (".npz", ".parquet", ".ckpt")

# Writes its file and yields now and then, so that what is written can go its way.
Writing: TypeAlias = Callable[[IO[bytes]], Iterator[None]]


@dataclass(frozen=True, slots=True)
class NewMember:
    """A file that is to be written."""

    path: str
    write: Writing


def of_bytes(path: str, content: Callable[[], bytes]) -> NewMember:
    """A small file, made when its turn comes."""

    def write(file: IO[bytes]) -> Iterator[None]:
        file.write(content())
        yield

    return NewMember(path, write)


class ZipStream:
    """Members in, bytes out.

    Args:
        made_at: The time that members carry.
    """

    def __init__(self, made_at: datetime) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._date = made_at.timetuple()[:6]
        self.members: list[Member] = []

    def add(self, new: NewMember) -> Iterator[bytes]:
        """Write one member; what is ready is yielded meanwhile."""
        info = zipfile.ZipInfo(new.path, self._date)
        info.external_attr = 0o600 << 16
        packed = new.path.endswith(_PACKED_ALREADY)
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        # How long it gets is not known before; 64 bits can always say it.
        with self._zip.open(info, "w", force_zip64=True) as file:
            hashed = _Hashed(file)
            for _ in new.write(cast("IO[bytes]", hashed)):
                if self._sink.waiting >= HANDED_ON_BYTES:
                    yield self._sink.take()
        self.members.append(hashed.member(new.path))
        yield self._sink.take()

    def end(self) -> Iterator[bytes]:
        """The directory at the end."""
        self._zip.close()
        yield self._sink.take()


class _Sink(io.RawIOBase):
    """Keeps what was written until it is taken. Cannot seek, so sizes stand behind the members."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self.waiting += len(piece)
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces, self.waiting = b"".join(self._pieces), [], 0
        return taken


class _Hashed(io.RawIOBase):
    """Passes on what is written, and remembers how much it was and its digest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._bytes = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._bytes

    def write(self, data: Buffer, /) -> int:
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._file.write(view)
        self._bytes += view.nbytes
        return view.nbytes

    def member(self, path: str) -> Member:
        return Member(path=path, bytes=self._bytes, sha256=self._digest.hexdigest())
