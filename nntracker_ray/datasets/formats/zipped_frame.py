"""A zip archive with exactly one pickled DataFrame, as `DataFrame.to_pickle("table.zip")` writes."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import BinaryIO

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats import pickled_frame
from nntracker_ray.datasets.formats.archive import open_archive
from nntracker_ray.datasets.formats.frame import add_frame
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.sniff import Format, sniff
from nntracker_ray.errors import DatasetError

_HEAD_BYTES = 512


def read(source: BinaryIO, writer: ColumnWriter, limits: Limits) -> None:
    """Every column of the one frame in the archive."""
    with open_archive(source, limits) as archive:
        members = archive.infolist()
        if len(members) != 1:
            names = ", ".join(repr(member.filename) for member in members[:3])
            raise DatasetError(
                f"the archive holds {len(members):,} files ({names} ...); allowed is one pickled DataFrame"
            )
        try:
            with archive.open(members[0]) as file:
                _check_is_pickle(file.read(_HEAD_BYTES), members[0].filename)
            with archive.open(members[0]) as file:
                frame = pickled_frame.unpickled_frame(file)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise DatasetError(f"{members[0].filename!r} in the archive is damaged: {error}") from error
    add_frame(frame, writer)


def specimen() -> bytes:
    """A small good file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.pickle", pickled_frame.specimen())
    return file.getvalue()


def _check_is_pickle(head: bytes, name: str) -> None:
    found = sniff(head)
    if found is not Format.PICKLE:
        raise DatasetError(f"{name!r} in the archive is {found}, no pickle; unpack it and give that file")
