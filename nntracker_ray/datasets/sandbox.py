"""Reading one file of unknown intent: the confined process is started, watched, and not believed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nntracker_ray.datasets.confinement import read_dataset
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.parts import Part
from nntracker_ray.datasets.sniff import HEAD_BYTES, Format, sniff
from nntracker_ray.errors import DatasetError, UnsafeFileError

REFUSED_VARIABLE = "NNTRACKER_REFUSED_FORMATS"
_MESSAGE_CHARS = 2_000
# The reader must neither start threads nor write caches, and needs nothing of this process's environment.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MALLOC_ARENA_MAX": "1",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Part(_Strict):
    offset: Annotated[int, Field(ge=0)]
    length: Annotated[int, Field(ge=0)]


class _Column(_Strict):
    name: Annotated[str, Field(min_length=1)]
    is_text: bool
    parts: Annotated[list[_Part], Field(min_length=1, max_length=3)]


class _Refused(_Strict):
    unsafe: bool
    message: str


class _Measures(_Strict):
    holding: list[str]
    missing: dict[str, str]


class _Answer(_Strict):
    measures: _Measures
    columns: list[_Column] = []
    notes: list[str] = []
    refused: _Refused | None = None


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column as the confined process reports it; the parts are not yet checked."""

    name: str
    is_text: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the confined process made of a file."""

    kind: Format
    columns: tuple[ReadColumn, ...]
    notes: tuple[str, ...]
    measures: dict[str, Any]  # {"holding": [...], "missing": {measure: reason}}


def read_confined(source: Path, result: Path, limits: Limits) -> Reading:
    """Read the file at `source` into the columns file at `result` (created; see `parts`).

    Raises: UnsafeFileError: It tried what is forbidden, passed a limit, or crashed its reader.
        DatasetError: It is of no known format, or damaged.
    """
    size = source.stat().st_size
    if size > limits.file_bytes:
        raise UnsafeFileError(f"the file has {size:,} bytes; allowed are {limits.file_bytes:,}")
    with source.open("rb") as opened, result.open("xb") as columns:
        kind = sniff(opened.read(HEAD_BYTES))
        _check_switched_on(kind)
        opened.seek(0)
        answer = _run(kind, opened, columns, limits)
    if answer.refused is not None:
        error = UnsafeFileError if answer.refused.unsafe else DatasetError
        raise error(f"{kind}: {_readable(answer.refused.message)}")
    columns_read = tuple(
        ReadColumn(each.name, each.is_text, tuple(Part(part.offset, part.length) for part in each.parts))
        for each in answer.columns
    )
    notes = tuple(_readable(note) for note in answer.notes)
    return Reading(kind, columns_read, notes, answer.measures.model_dump())


def _check_switched_on(kind: Format) -> None:
    refused = {name.strip().lower() for name in os.environ.get(REFUSED_VARIABLE, "").split(",")}
    # "pickle" means the zipped ones too: whoever distrusts the one distrusts the other.
    if kind.value in refused or (kind is Format.ZIPPED_PICKLE and Format.PICKLE.value in refused):
        raise UnsafeFileError(
            f"{kind} files are switched off here ({REFUSED_VARIABLE}); save the data as NPZ or CSV"
        )


def _run(kind: Format, source: IO[bytes], columns: IO[bytes], limits: Limits) -> _Answer:
    # Files, not pipes: a reader gone wild meets the size limit of files, and nobody has to keep draining it.
    with (
        _empty_folder() as folder,
        tempfile.TemporaryFile() as report,
        tempfile.TemporaryFile() as complaints,
    ):
        job = {
            "kind": kind,
            "source": source.fileno(),
            "result": columns.fileno(),
            "empty_folder": folder,
            "limits": asdict(limits),
        }
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", read_dataset.__file__, json.dumps(job)],
            stdin=subprocess.DEVNULL,
            stdout=report,
            stderr=complaints,
            env=_ENVIRONMENT,
            cwd="/",
            pass_fds=(source.fileno(), columns.fileno(), folder),
            start_new_session=True,
        )
        code = _wait(process, limits.wall_s)
        return _answer(code, _tail(report, limits.report_bytes), _tail(complaints, _MESSAGE_CHARS), limits)


@contextmanager
def _empty_folder() -> Iterator[int]:
    """The descriptor of a folder with nothing in it, which everybody may enter and nobody may write to."""
    with tempfile.TemporaryDirectory(prefix="nntracker-empty-") as path:
        Path(path).chmod(0o555)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
            Path(path).chmod(0o700)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit code; None when the time ran out and the process group was killed."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _tail(file: IO[bytes], most_bytes: int) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - most_bytes))
    return file.read(most_bytes)


def _answer(code: int | None, report: bytes, complaints: bytes, limits: Limits) -> _Answer:
    if code is None:
        raise UnsafeFileError(
            f"reading took longer than {limits.wall_s:g} s and was stopped; use a smaller dataset"
        )
    if code:
        raise UnsafeFileError(_death(code, complaints, limits))
    try:
        return _Answer.model_validate_json(report)
    except ValidationError as error:
        raise UnsafeFileError("the reader's answer makes no sense; the file may have subverted it") from error


def _death(code: int, complaints: bytes, limits: Limits) -> str:
    number = -code if code < 0 else code - 128
    if number == signal.SIGKILL:
        return (
            f"reading took more than {limits.cpu_s} s of processor time or too much memory, and was stopped"
        )
    if 0 < number < signal.NSIG:
        return f"the file crashed its reader ({signal.Signals(number).name}); it is damaged or hostile"
    last_words = _readable(complaints.decode("utf-8", "replace").strip()[-300:])
    return f"the reader failed with exit code {code}: {last_words}"


def _readable(text: str) -> str:
    """The text cut to a sane length, with no control characters: it may quote the file."""
    return "".join(char if char.isprintable() else " " for char in text[:_MESSAGE_CHARS])
