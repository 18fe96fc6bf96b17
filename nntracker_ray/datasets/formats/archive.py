"""Zip archives checked before anything in them is unpacked. Nothing is ever extracted to a named place."""

from __future__ import annotations

import os
import stat
import zipfile
from typing import BinaryIO

from nntracker_ray.datasets.limits import Limits
from nntracker_ray.errors import DatasetError, UnsafeFileError

_END_OF_DIRECTORY = b"PK\x05\x06"
_END_RECORD_BYTES = 22
_LONGEST_COMMENT = 65_535
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_DIRECTORY_BYTES_PER_MEMBER = 1_000  # generous: names are at most a few hundred bytes
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def open_archive(source: BinaryIO, limits: Limits) -> zipfile.ZipFile:
    """The archive, its directory checked: number of members, their names, kinds, methods and declared sizes.

    Raises: UnsafeFileError: Too many members, too great an expansion, links, paths, doubled names.
        DatasetError: Damaged, encrypted, or packed by a method other than store and deflate.
    """
    size = _check_directory(source, limits)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise DatasetError(f"the archive is damaged or cut short: {error}") from error
    members = archive.infolist()
    for member in members:
        _check_member(member)
    if len({member.filename for member in members}) != len(members):
        raise UnsafeFileError("the archive holds two files of the same name; pack it again")
    _check_expansion(members, size, limits)
    return archive


def _check_directory(source: BinaryIO, limits: Limits) -> int:
    """Judged by its end record, since reading it makes an object a member. Returns the file's size."""
    size = source.seek(0, os.SEEK_END)
    source.seek(max(0, size - _END_RECORD_BYTES - _LONGEST_COMMENT - _ZIP64_LOCATOR_BYTES))
    tail = source.read()
    source.seek(0)
    end = tail.rfind(_END_OF_DIRECTORY)
    if end < 0 or len(tail) - end < _END_RECORD_BYTES:
        raise DatasetError("the archive is cut short: its directory is missing")
    if tail[max(0, end - _ZIP64_LOCATOR_BYTES) : end].startswith(_ZIP64_LOCATOR):
        raise UnsafeFileError(
            "the archive uses the zip64 directory, needed only beyond 4 GiB or 65,535 files"
        )
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if count > limits.archive_members or directory > limits.archive_members * _DIRECTORY_BYTES_PER_MEMBER:
        raise UnsafeFileError(
            f"the archive says it holds {count:,} files in a directory of {directory:,} bytes; "
            f"allowed are {limits.archive_members:,} files"
        )
    return size


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnsafeFileError(f"{name!r} in the archive is a link, folder or device; allowed are plain files")
    if not name.isprintable() or any(bad in name for bad in ("/", "\\", "..", ":")):
        raise UnsafeFileError(f"{name!r} in the archive is a path; allowed are plain file names")
    if member.flag_bits & _ENCRYPTED:
        raise DatasetError(f"{name!r} in the archive is encrypted; pack it without a password")
    if member.compress_type not in _METHODS:
        raise DatasetError(
            f"{name!r} in the archive is packed by method {member.compress_type}; allowed is deflate"
        )


def _check_expansion(members: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    declared = sum(member.file_size for member in members)
    # Members may overlap in the file, each claiming the same bytes: what is really there is what counts.
    packed = min(size, sum(member.compress_size for member in members))
    if declared > limits.result_bytes:
        raise UnsafeFileError(
            f"the archive unpacks to {declared:,} bytes; allowed are {limits.result_bytes:,}: use a smaller dataset"
        )
    if declared > limits.archive_ratio_from and declared > limits.archive_ratio * packed:
        raise UnsafeFileError(
            f"the archive unpacks {packed:,} bytes to {declared:,}; allowed is {limits.archive_ratio}-fold "
            "(a zip bomb?): store it uncompressed"
        )
