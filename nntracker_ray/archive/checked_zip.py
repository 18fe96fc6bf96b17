"""Opening an archive that anybody may have made: nothing is unpacked to disk, and nothing is read beyond its limits."""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from pydantic import ValidationError

from nntracker_ray.archive.layout import FORMAT, MANIFEST, VERSION, Manifest
from nntracker_ray.archive.zip_directory import damage_told, directory_size
from nntracker_ray.datasets.limits import GIB, MIB
from nntracker_ray.errors import BadInputError

_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PATH: Final = re.compile(
    r"manifest\.json|provenance\.json|report\.html|models/[0-9a-f]{64}\.json"
    rf"|experiments/{_ID}/(?:experiment\.json|configuration\.json|folds\.npz)"
    rf"|runs/{_ID}/(?:(?:run|specification|states|facts|adaptations)\.json|metrics\.(?:csv|parquet)"
    r"|log\.jsonl|(?:captures|metric-arrays)(?:\.jsonl|/epoch-\d{6,10}\.npz)|checkpoints/[a-z]+(?:-\d{1,18})?\.ckpt)"
)
_ENCRYPTED: Final = 0x1
_BLOCK_BYTES: Final = 1 * MIB


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may cost."""

    file_bytes: int = 16 * GIB  # as it comes
    content_bytes: int = 64 * GIB  # all members together
    members: int = 1_000_000
    directory_bytes: int = 256 * MIB
    small_bytes: int = 32 * MIB  # of a JSON file, which is read whole
    held_bytes: int = 512 * MIB  # of all that is held at once: what runs, experiments and models are
    folds_bytes: int = 512 * MIB  # of the folds of one experiment, which are held at once as well
    array_bytes: int = 2 * GIB  # of one captured array; no model that may be built has a larger one
    ratio: int = 200  # content / compressed, counted once `ratio_from` is passed
    ratio_from: int = 16 * MIB


class CheckedArchive:
    """An archive whose directory and manifest are known to fit together.

    What a member holds is believed only after `verify`.
    """

    def __init__(self, opened: zipfile.ZipFile, manifest: Manifest, limits: ArchiveLimits) -> None:
        self._zip = opened
        self.manifest, self.limits = manifest, limits
        self.paths = frozenset(member.path for member in manifest.members)

    @classmethod
    def of(cls, opened: zipfile.ZipFile, limits: ArchiveLimits) -> Self:
        """Raises: BadInputError: It is no archive of ours, or not a whole one."""
        infos = checked_members(opened, limits)
        for path in infos:
            if not _PATH.fullmatch(path):
                raise BadInputError(f"the archive holds {path[:200]!r}, which has no place in one")
        if MANIFEST not in infos:
            raise BadInputError("this zip has no manifest.json; give an archive that NNTracker has made")
        manifest = _manifest(_read(opened, infos[MANIFEST], limits.small_bytes * 4))
        _require_members(manifest, infos)
        return cls(opened, manifest, limits)

    def verify(self, heard: Callable[[int, int], None] = lambda *_: None) -> None:
        """Read everything once. Raises: BadInputError: A member is not what the manifest says.

        Args:
            heard: Told how many bytes were read, and of how many.
        """
        done, total = 0, sum(member.bytes for member in self.manifest.members)
        for member in self.manifest.members:
            digest = hashlib.sha256()
            with self.open(member.path) as file:
                while block := damage_told(file.read, _BLOCK_BYTES):
                    digest.update(block)
                    done += len(block)
                    heard(done, total)
            if digest.hexdigest() != member.sha256:
                raise BadInputError(
                    f"{member.path} is not what the manifest says (SHA-256 {member.sha256} was expected); "
                    "the archive was changed or damaged, so nothing was imported"
                )

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    def read(self, path: str) -> bytes:
        """A small file. Raises: BadInputError: It is not there, or too large."""
        return _read(self._zip, self._info(path), self.limits.small_bytes)

    def open(self, path: str) -> IO[bytes]:
        """A file, to be read piece by piece. Raises: BadInputError: It is not there."""
        return damage_told(self._zip.open, self._info(path))

    def lines(self, path: str, most: int) -> Iterator[str]:
        """The lines of a text file, ends included, of `most` bytes each.

        Raises: BadInputError: One is longer, or not UTF-8.
        """
        with self.open(path) as file:
            while line := damage_told(file.readline, most + 1):
                if len(line) > most:
                    raise BadInputError(f"{path} has a line of more than {most:,} bytes")
                try:
                    yield line.decode()
                except UnicodeDecodeError as error:
                    raise BadInputError(f"{path} is not UTF-8: {error.reason}") from error

    def _info(self, path: str) -> zipfile.ZipInfo:
        if path not in self.paths:
            raise BadInputError(f"the archive lacks {path}")
        return self._zip.getinfo(path)


@contextmanager
def opened_archive(path: Path, limits: ArchiveLimits | None = None) -> Iterator[CheckedArchive]:
    """Raises: BadInputError: The file is no archive, or beyond the limits."""
    limits = limits or ArchiveLimits()
    with path.open("rb") as file, opened_zip(file, limits) as opened:
        yield CheckedArchive.of(opened, limits)


def opened_zip(file: IO[bytes], limits: ArchiveLimits) -> zipfile.ZipFile:
    """A zip whose directory is not too large to be read. Raises: BadInputError."""
    size = file.seek(0, io.SEEK_END)
    if size > limits.file_bytes:
        raise BadInputError(f"the archive has {size:,} bytes; allowed are {limits.file_bytes:,}")
    members, directory_bytes = directory_size(file)
    if members > limits.members or directory_bytes > limits.directory_bytes:
        raise BadInputError(
            f"the archive has {members:,} members and {directory_bytes:,} bytes of directory; allowed are "
            f"{limits.members:,} and {limits.directory_bytes:,}"
        )
    file.seek(0)
    opened = damage_told(zipfile.ZipFile, file)
    if min((info.header_offset for info in opened.infolist()), default=0) > 0:
        # The end that was found is that of a zip inside.
        raise BadInputError("the archive does not begin with a member; it was cut short or changed")
    return opened


def checked_members(opened: zipfile.ZipFile, limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    """The members by name. Raises: BadInputError: One is not a plain file, comes twice, or is a bomb."""
    infos: dict[str, zipfile.ZipInfo] = {}
    for info in opened.infolist():
        if why := _refusal(info, limits):
            raise BadInputError(f"the archive's member {info.filename[:200]!r} {why}")
        if info.filename in infos:
            raise BadInputError(f"the archive holds {info.filename[:200]!r} twice")
        infos[info.filename] = info
    total = sum(info.file_size for info in infos.values())
    packed = sum(info.compress_size for info in infos.values())
    if total > limits.content_bytes:
        raise BadInputError(
            f"the archive would unpack to {total:,} bytes; allowed are {limits.content_bytes:,}"
        )
    if total > limits.ratio_from and total > limits.ratio * max(1, packed):
        raise BadInputError(
            f"the archive would unpack to {total // max(1, packed):,} times its size; it is a bomb"
        )
    return infos


def _refusal(info: zipfile.ZipInfo, limits: ArchiveLimits) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        return "is a folder, link or device; only plain files are allowed"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is compressed by method {info.compress_type}; only stored and deflated members are read"
    if info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(1, info.compress_size):
        return "would unpack to far more than its size; it is a bomb"
    return ""


def _require_members(manifest: Manifest, infos: dict[str, zipfile.ZipInfo]) -> None:
    said = {member.path: member.bytes for member in manifest.members}
    if len(said) != len(manifest.members):
        raise BadInputError("the manifest names a member twice")
    there = {path: info.file_size for path, info in infos.items() if path != MANIFEST}
    if differing := sorted(path for path in said.keys() | there.keys() if said.get(path) != there.get(path)):
        raise BadInputError(
            f"manifest and archive differ in {len(differing)} members, {differing[0][:200]!r} among them; "
            "the archive was changed or cut short, so nothing was imported"
        )


def _manifest(text: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(f"manifest.json is not one: {first_problem(error)}") from error
    if manifest.format != FORMAT or manifest.version != VERSION:
        raise BadInputError(
            f"this archive is of format {manifest.format[:80]!r}, version {manifest.version}; this NNTracker reads "
            f"{FORMAT!r}, version {VERSION}. A newer one may read it"
        )
    return manifest


def first_problem(error: ValidationError) -> str:
    """The first thing that pydantic has found, with its place."""
    one = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, one["loc"]))
    return f"{place}: {one['msg']}" if place else one["msg"]


def _read(opened: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    if info.file_size > most:
        raise BadInputError(f"{info.filename} has {info.file_size:,} bytes; allowed are {most:,}")
    return damage_told(opened.read, info)
