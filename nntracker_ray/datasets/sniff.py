"""Which format a file has, told from its bytes alone: names and servers are not believed.

Only fixed byte patterns are looked at. Reading is left to the confined process.
"""

from __future__ import annotations

import re
from enum import StrEnum

from nntracker_ray.errors import DatasetError

HEAD_BYTES = 65_536
ACCEPTED = "accepted: NPZ, CSV, ARFF, JSON, pandas pickle (also zipped)"


class Format(StrEnum):
    """The formats that are read."""

    NPZ = "npz"
    CSV = "csv"
    ARFF = "arff"
    JSON = "json"
    PICKLE = "pickle"
    ZIPPED_PICKLE = "zipped pickle"


_ELSEWHERE = {
    b"\x1f\x8b": "gzip; unpack it first",
    b"BZh": "bzip2; unpack it first",
    b"\xfd7zXZ\x00": "xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "Zstandard; unpack it first",
    b"7z\xbc\xaf\x27\x1c": "7-Zip; unpack it first",
    b"Rar!": "RAR; unpack it first",
    b"\x93NUMPY": "a single NPY array, which holds no labels; save both with numpy.savez(x=..., y=...)",
    b"\x89HDF": "HDF5; export it as NPZ or CSV",
    b"PAR1": "Parquet; export it as CSV or a pandas pickle",
    b"ARROW1": "Arrow; export it as CSV or a pandas pickle",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"\x89PNG": "a PNG image; one image is no dataset",
    b"\xff\xd8\xff": "a JPEG image; one image is no dataset",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document; export it as CSV",
    b"\x7fELF": "a program",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
}
_LOCAL_HEADER_NAME = slice(30, 30 + 512)
# Protocols 0 and 1 have no magic number: a global's name, or an empty list, dict or tuple kept as memo 0.
_OLD_PICKLE = re.compile(rb"\(*(?:[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|[ldt]p0\n|[\]})]q\x00)")
_WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml)", re.IGNORECASE)


def sniff(head: bytes) -> Format:
    """The format of the file that begins with `head` (up to `HEAD_BYTES` bytes).

    Raises: DatasetError: Empty, or a format that is not read; the message names it where it is known.
    """
    if not head.strip():
        raise DatasetError(f"the file is empty; {ACCEPTED}")
    for magic, what in _ELSEWHERE.items():
        if head.startswith(magic):
            raise DatasetError(f"the file is {what}; {ACCEPTED}")
    if head.startswith(b"PK"):
        return _sniff_zip(head)
    if head[0] == 0x80 or _OLD_PICKLE.match(head):
        return Format.PICKLE
    return _sniff_text(head.removeprefix(b"\xef\xbb\xbf"))


def _sniff_zip(head: bytes) -> Format:
    if not head.startswith(b"PK\x03\x04"):
        raise DatasetError(f"the file is an empty or split zip archive; {ACCEPTED}")
    length = int.from_bytes(head[26:28], "little")
    first_name = head[_LOCAL_HEADER_NAME][:length]
    if first_name == b"[Content_Types].xml":
        raise DatasetError(f"the file is an Office document; export the table as CSV; {ACCEPTED}")
    return Format.NPZ if first_name.endswith(b".npy") else Format.ZIPPED_PICKLE


def _sniff_text(head: bytes) -> Format:
    if _WEB_PAGE.match(head):
        raise DatasetError(
            "the file is a web page or XML, no dataset; if it was fetched, the address may ask for a login "
            f"or a confirmation: download it by hand; {ACCEPTED}"
        )
    if b"\x00" in head:
        raise DatasetError(f"the file holds NUL bytes and is of no known format; {ACCEPTED}")
    if head.lstrip()[:1] in (b"{", b"["):
        return Format.JSON
    return Format.ARFF if _begins_as_arff(head) else Format.CSV


def _begins_as_arff(head: bytes) -> bool:
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"%")), b"")
    return first[:9].lower() == b"@relation"
