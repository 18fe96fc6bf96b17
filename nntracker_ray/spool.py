"""What has been recorded and not yet acknowledged, on disk: one folder per attempt of a run.

    <folder>/<run_no>-<attempt>/lock             held by the process that owns the spool
                                acked            number of the last acknowledged entry, with its CRC
                                00000001.spool   entries; a new file is begun when one is large

An entry is `magic, sequence, length, CRC-32, payload`. Opening drops a torn tail and nothing else: behind a damaged
entry the next whole one is looked for, and what is missing is counted.

Promise: after `append` returns, the entry survives the death of this process, also by SIGKILL, because it is in
the page cache of the kernel. It survives the death of the machine only after `sync`.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import shutil
import struct
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import filelock

from nntracker_ray.errors import SpoolError

SEGMENT_BYTES: Final = 64 * 2**20
OWNING_TIMEOUT_S: Final = 2.0

_MAGIC: Final = b"NNs1"
_HEADER: Final = struct.Struct("<4sQQI")  # magic, sequence, payload bytes, CRC-32 of both and of the payload
_NUMBERS: Final = slice(4, 20)
_ACKED: Final = struct.Struct("<QI")  # sequence, its CRC-32
_FOLDER_NAME: Final = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class SpoolName:
    """Whose records a spool holds."""

    run_no: int
    attempt: int

    def inside(self, folder: Path) -> Path:
        """The folder of this spool."""
        return folder / f"{self.run_no}-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What opening a spool found."""

    entries: int = 0  # whole and not yet acknowledged
    damaged: int = 0  # entries lost between whole ones: the disk or somebody changed them
    torn_bytes: int = 0  # behind the last whole entry: an append that never returned


@dataclass(frozen=True, slots=True)
class Parcel:
    """The oldest unacknowledged payloads, joined."""

    payload: bytes
    last: int  # sequence of the last entry inside: what to acknowledge


@dataclass(slots=True)
class _Segment:
    path: Path
    descriptor: int
    size: int = 0  # bytes, up to the end of the last whole entry


@dataclass(frozen=True, slots=True)
class _Entry:
    sequence: int
    segment: _Segment
    offset: int  # of the payload
    length: int  # of the payload


class Spool:
    """The spool of one attempt; one process at a time, any thread.

    Raises: SpoolError: Another process owns it, or the disk refuses.
    """

    def __init__(
        self, folder: Path, *, run_no: int, attempt: int, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.path = SpoolName(run_no, attempt).inside(folder)
        self._segment_bytes = segment_bytes
        self._mutex = threading.RLock()
        self._entries: deque[_Entry] = deque()
        self._segments: deque[_Segment] = deque()
        self._next = 1
        self._bytes = 0
        self._closed = False
        with _disk_errors(self.path):
            self._lock = _own(self.path)
        try:
            with _disk_errors(self.path):
                self._acked_file = os.open(self.path / "acked", os.O_RDWR | os.O_CREAT, 0o600)
                self.recovery = self._recover()
        except BaseException:
            self._lock.release()
            raise

    def append(self, payload: bytes) -> int:
        """Write one entry behind the others. Returns its sequence, 1 for the first.

        Raises: SpoolError: The disk refused (full, broken); the spool is as before.
        """
        with self._mutex, _disk_errors(self.path):
            self._check_open()
            segment, sequence = self._writable_segment(), self._next
            length = _write_entry(segment, sequence, payload)
            self._entries.append(_Entry(sequence, segment, segment.size + _HEADER.size, len(payload)))
            segment.size += length
            self._next = sequence + 1
            self._bytes += len(payload)
            return sequence

    def oldest(self, max_bytes: int) -> Parcel | None:
        """The oldest unacknowledged entries, about `max_bytes` of them and at least one; None when there is none.

        Raises: SpoolError: The oldest entry no longer reads as it was written; it has been given up, so that
            the next call returns what follows.
        """
        with self._mutex, _disk_errors(self.path):
            self._check_open()
            payloads = []
            for entry in _first(self._entries, max_bytes):
                payload = _read_entry(entry)
                if payload is None:
                    break
                payloads.append(payload)
            if self._entries and not payloads:
                lost = self._entries[0].sequence
                self.acknowledge(lost)
                raise SpoolError(f"entry {lost} of the spool {self.path} is damaged")
            return Parcel(b"".join(payloads), self._entries[len(payloads) - 1].sequence) if payloads else None

    def acknowledge(self, sequence: int) -> int:
        """Forget every entry up to `sequence`. Returns how many these were."""
        with self._mutex:
            self._check_open()
            count = 0
            while self._entries and self._entries[0].sequence <= sequence:
                self._bytes -= self._entries.popleft().length
                count += 1
            # An acknowledgement that cannot be written down costs a second delivery, which changes nothing.
            with contextlib.suppress(OSError):
                number = sequence.to_bytes(8, "little")
                os.pwrite(self._acked_file, _ACKED.pack(sequence, zlib.crc32(number)), 0)
                self._drop_empty_segments()
            return count

    def sync(self) -> None:
        """Make everything appended survive the death of the machine as well."""
        with self._mutex, _disk_errors(self.path):
            self._check_open()
            for segment in self._segments:
                os.fsync(segment.descriptor)

    @property
    def last(self) -> int:
        """Sequence of the newest entry; 0 before the first."""
        return self._next - 1

    @property
    def size_bytes(self) -> int:
        """Bytes of payload not yet acknowledged."""
        return self._bytes

    @property
    def entries(self) -> int:
        """Entries not yet acknowledged."""
        return len(self._entries)

    def close(self) -> None:
        """Give the spool up: an empty one disappears, the rest waits for whoever adopts it. Twice is once."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            for descriptor in (self._acked_file, *(segment.descriptor for segment in self._segments)):
                os.close(descriptor)
            if not self._entries:
                shutil.rmtree(self.path, ignore_errors=True)
            self._lock.release()

    def _check_open(self) -> None:
        if self._closed:
            raise SpoolError(f"the spool {self.path.name} is closed")

    def _recover(self) -> Recovery:
        noted = _read_acked(self._acked_file)
        found: list[_Entry] = []
        torn = 0
        for path in sorted(self.path.glob("*.spool")):
            segment = _Segment(path, os.open(path, os.O_RDWR))
            self._segments.append(segment)
            found += _whole_entries(segment)
            torn = os.fstat(segment.descriptor).st_size - segment.size
        if torn:
            os.ftruncate(self._segments[-1].descriptor, self._segments[-1].size)
        acked = noted if noted is not None else found[0].sequence - 1 if found else 0
        self._entries.extend(entry for entry in found if entry.sequence > acked)
        last = max(found[-1].sequence, acked) if found else acked
        self._next = last + 1
        self._bytes = sum(entry.length for entry in self._entries)
        return Recovery(len(self._entries), last - acked - len(self._entries), torn)

    def _writable_segment(self) -> _Segment:
        if not self._segments or self._segments[-1].size >= self._segment_bytes:
            path = self.path / f"{self._next:08d}.spool"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            self._segments.append(_Segment(path, descriptor))
        return self._segments[-1]

    def _drop_empty_segments(self) -> None:
        in_use = self._entries[0].segment if self._entries else self._segments[-1] if self._segments else None
        while self._segments and self._segments[0] is not in_use:
            segment = self._segments.popleft()
            os.close(segment.descriptor)
            segment.path.unlink()
        if not self._entries and in_use is not None:
            os.ftruncate(in_use.descriptor, 0)
            in_use.size = 0


def orphaned(folder: Path) -> list[SpoolName]:
    """The spools whose process has ended, oldest run first."""
    names = (_FOLDER_NAME.fullmatch(path.name) for path in folder.iterdir()) if folder.is_dir() else ()
    found = [SpoolName(int(name[1]), int(name[2])) for name in names if name]
    unowned = (name for name in found if not _is_owned(name.inside(folder)))
    return sorted(unowned, key=lambda name: (name.run_no, name.attempt))


# --- the files ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolError(
            f"the spool {path} cannot be used: {error}. Free space or repair the disk."
        ) from error


def _own(path: Path) -> filelock.FileLock:
    """Make the folder and take its lock.

    Somebody who looks for orphans holds the lock of a folder for a moment, and removes one that is still empty:
    both are waited out.
    """
    end_s = time.monotonic() + OWNING_TIMEOUT_S
    lock = filelock.FileLock(path / "lock", timeout=0, thread_local=False)
    while True:
        with contextlib.suppress(filelock.Timeout, FileNotFoundError, FileExistsError):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock.acquire()
            return lock
        if time.monotonic() > end_s:
            raise SpoolError(f"the spool {path} belongs to a process that is alive; it trains this attempt")
        time.sleep(0.01)


def _is_owned(path: Path) -> bool:
    lock = filelock.FileLock(path / "lock", timeout=0, thread_local=False)
    try:
        with lock:
            return False
    except (filelock.Timeout, OSError):
        return True


def _checksum(header: bytes, payload: bytes | memoryview) -> int:
    return zlib.crc32(payload, zlib.crc32(header[_NUMBERS]))


def _checksum_in(header: bytes) -> int:
    checksum: int = _HEADER.unpack(header)[3]
    return checksum


def _write_entry(segment: _Segment, sequence: int, payload: bytes) -> int:
    header = _HEADER.pack(_MAGIC, sequence, len(payload), 0)
    header = _HEADER.pack(_MAGIC, sequence, len(payload), _checksum(header, payload))
    try:
        _write_all(segment.descriptor, [memoryview(header), memoryview(payload)], segment.size)
    except OSError:
        with contextlib.suppress(OSError):  # the next entry is written over the torn one anyway
            os.ftruncate(segment.descriptor, segment.size)
        raise
    return len(header) + len(payload)


def _write_all(descriptor: int, parts: list[memoryview], offset: int) -> None:
    while parts:
        written = os.pwritev(descriptor, parts, offset)
        offset += written
        while parts and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if parts:
            parts[0] = parts[0][written:]


def _read_entry(entry: _Entry) -> bytes | None:
    """The payload, or None when it is damaged."""
    block = os.pread(entry.segment.descriptor, _HEADER.size + entry.length, entry.offset - _HEADER.size)
    header, payload = block[: _HEADER.size], block[_HEADER.size :]
    whole = len(payload) == entry.length and _checksum_in(header) == _checksum(header, payload)
    return payload if whole else None


def _first(entries: deque[_Entry], max_bytes: int) -> Iterator[_Entry]:
    total = 0
    for entry in entries:
        total += entry.length
        if total > max_bytes and total > entry.length:
            return
        yield entry


def _read_acked(descriptor: int) -> int | None:
    """The last acknowledged sequence, 0 before the first, None when it is damaged."""
    block = os.pread(descriptor, _ACKED.size, 0)
    if not block:
        return 0
    sequence, checksum = _ACKED.unpack(block.ljust(_ACKED.size, b"\0"))
    return int(sequence) if checksum == zlib.crc32(block[:8]) else None


def _whole_entries(segment: _Segment) -> Iterator[_Entry]:
    """Every whole entry of a file in order; sets the segment's size to the end of the last."""
    if os.fstat(segment.descriptor).st_size == 0:
        return
    with mmap.mmap(segment.descriptor, 0, access=mmap.ACCESS_READ) as file, memoryview(file) as view:
        position = 0
        while position >= 0:
            entry = _entry_at(view, position, segment)
            if entry is None:
                position = file.find(_MAGIC, position + 1)
                continue
            yield entry
            position = segment.size = entry.offset + entry.length


def _entry_at(view: memoryview, position: int, segment: _Segment) -> _Entry | None:
    start = position + _HEADER.size
    if start > len(view):
        return None
    header = bytes(view[position:start])
    magic, sequence, length, checksum = _HEADER.unpack(header)
    if magic != _MAGIC or start + length > len(view):
        return None
    with view[start : start + length] as payload:
        whole = _checksum(header, payload) == checksum
    return _Entry(sequence, segment, start, length) if whole else None
