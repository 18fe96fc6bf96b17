"""NPZ and zip files that hide objects, claim to be what they are not, or unpack without end."""

import io
import pickle
import struct
import zipfile

import numpy as np
import pandas as pd
import pytest
from numpy.lib import format as npy

from nntracker_ray.errors import UnsafeFileError

GIB = 1 << 30


def npy_bytes(array, **kwargs):
    file = io.BytesIO()
    npy.write_array(file, np.asarray(array), **kwargs)
    return file.getvalue()


def npy_claim(text, data=b"", version=(1, 0)):
    """An NPY file whose header is the given text."""
    header = text.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + data


def shaped(shape, descr="<f8", data=b""):
    return npy_claim(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}", data)


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


GOOD = npy_bytes(np.zeros(3))


def with_info(change, data=GOOD, name="x.npy"):
    """An archive whose one member's directory entry was changed."""
    info = zipfile.ZipInfo(name)
    change(info)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, data)
    return file.getvalue()


def mode(bits):
    def change(info):
        info.create_system = 3
        info.external_attr = bits << 16

    return change


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def in_directory(data, offset, new):
    """Changes the first directory entry."""
    return patched(data, data.index(b"PK\x01\x02") + offset, new)


def in_end(data, offset, new):
    """Changes the end record."""
    return patched(data, data.rindex(b"PK\x05\x06") + offset, new)


class Gadget:
    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/nntracker-npz-canary",)


def zeros_bomb(gigabytes):
    """Zeros deflate a thousandfold: 1 GB in 1 MB."""
    file = io.BytesIO()
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("x.npy", "w", force_zip64=True) as member:
        member.write(shaped(f"({gigabytes * 125_000_000},)"))
        for _ in range(60):
            member.write(bytes(gigabytes * 16_666_667))
    return file.getvalue()


def overlapping(count):
    """Many directory entries for the same data (a zip bomb without nesting)."""
    data = zipped(("x.npy", npy_bytes(np.zeros(400_000))))
    start = data.index(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"x.npy", b"%05d" % i) for i in range(count))
    tail = data[end : 8 + end] + struct.pack("<HHIIH", count, count, len(entries), start, 0)
    return data[:start] + entries + tail


OBJECTS = np.array([Gadget(), 1], dtype=object)
UNSAFE = {
    "object array": (lambda: zipped(("x.npy", npy_bytes(OBJECTS))), "Python objects"),
    "object array that claims to be floats": (
        lambda: zipped(("x.npy", shaped((2,), "|O", pickle.dumps([1, 2])))),
        "Python objects",
    ),
    "objects inside a record": (
        lambda: zipped(("x.npy", npy_claim("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }"))),
        "Python objects",
    ),
    "array of 8 exabytes": (lambda: zipped(("x.npy", shaped((10**9, 10**9)))), "bytes; allowed"),
    "array of 100 GB": (lambda: zipped(("x.npy", shaped((12_500_000_000,)))), "bytes; allowed"),
    "text of 100 GB": (lambda: zipped(("x.npy", shaped((1,), "<U25000000000"))), ""),
    "bomb of 1 GB": (lambda: zeros_bomb(1), "200-fold"),
    "two names alike": (lambda: zipped(("x.npy", GOOD), ("x.npy", GOOD)), "same name"),
    "20,000 members": (lambda: zipped(*((f"x{i}.npy", b"") for i in range(20_000))), "20,000 files"),
    "members that overlap": (lambda: overlapping(5_000), "200-fold|unpacks to"),
    "a directory of 1 GB": (lambda: in_end(zipped(("x.npy", GOOD)), 12, struct.pack("<I", GIB)), "directory"),
    "zip64 directory": (
        lambda: (good := zipped(("x.npy", GOOD)))[: good.rindex(b"PK\x05\x06")]
        + b"PK\x06\x07" + bytes(16) + good[good.rindex(b"PK\x05\x06") :],
        "zip64",
    ),
    "symbolic link": (lambda: with_info(mode(0o120777), b"/etc/passwd"), "link"),
    "folder": (lambda: with_info(mode(0o040755)), "link, folder or device"),
    "device": (lambda: with_info(mode(0o020666)), "link, folder or device"),
    "pipe": (lambda: with_info(mode(0o010666)), "link, folder or device"),
    "socket": (lambda: with_info(mode(0o140666)), "link, folder or device"),
    **{
        f"path {name!r}": (lambda name=name: zipped(("a.npy", GOOD), (name, GOOD)), "is a path|folder")
        for name in (
            "../x.npy", "../../etc/cron.d/x.npy", "/etc/x.npy", "a/x.npy", "a/../../x.npy", "./x.npy", "..npy/x.npy",
            "C:x.npy", "C:\\x.npy", "..\\x.npy", "\\\\host\\share\\x.npy", "x\ty.npy", "x\ny.npy", "a\u202enpy.x.npy",
            "x..npy", "....//x.npy", "x:stream.npy", "\x1b[31mx.npy", "a/", "//x.npy",
        )
    },
}  # fmt: skip
MALFORMED = {
    "disguised pickle": (lambda: zipped(("x.npy", pickle.dumps(Gadget()))), "disguised"),
    "disguised old pickle": (lambda: zipped(("x.npy", pickle.dumps(Gadget(), 0))), "disguised"),
    "nothing in the array": (lambda: zipped(("x.npy", b"")), "disguised"),
    "magic only": (lambda: zipped(("x.npy", b"\x93NUMPY\x01\x00")), "x"),
    "unknown version": (lambda: zipped(("x.npy", npy_claim("{}", version=(9, 9)))), "version"),
    "version 3": (lambda: zipped(("x.npy", npy_bytes(np.zeros(2), version=(3, 0)))), "version"),
    "header with a call": (
        lambda: zipped(("x.npy", npy_claim("{'descr': __import__('os').getpid(), 'shape': ()}"))),
        "disguised",
    ),
    "header of 60 kB": (lambda: zipped(("x.npy", npy_claim("{" + " " * 60_000 + "}"))), "disguised"),
    "header of 4 GB": (
        lambda: zipped(("x.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}")), "x",
    ),
    "header nested deeply": (lambda: zipped(("x.npy", npy_claim("(" * 5_000 + ")" * 5_000))), "disguised"),
    "header without shape": (lambda: zipped(("x.npy", npy_claim("{'descr': '<f8'}"))), "disguised"),
    "negative shape": (lambda: zipped(("x.npy", shaped((-1,)))), "shape"),
    "two negative sizes": (lambda: zipped(("x.npy", shaped((-4, -4), data=bytes(128)))), "shape"),
    "shape of 1,000 axes": (lambda: zipped(("x.npy", shaped((1,) * 1_000, data=bytes(8)))), "shape"),
    "shape of floats": (lambda: zipped(("x.npy", shaped((1.5,)))), "disguised"),
    "fewer data than the shape": (lambda: zipped(("x.npy", shaped((100,), data=bytes(80)))), "cut short"),
    "more data than the shape": (lambda: zipped(("x.npy", shaped((1,), data=bytes(80)))), "more data"),
    "records": (lambda: zipped(("x.npy", npy_bytes(np.zeros(2, [("a", "f8")])))), "dtype"),
    "dates": (lambda: zipped(("x.npy", npy_bytes(np.zeros(2, "M8[s]")))), "dtype"),
    "complex": (lambda: zipped(("x.npy", npy_bytes(np.zeros(2, complex)))), "dtype"),
    "long double": (lambda: zipped(("x.npy", npy_bytes(np.zeros(2, np.longdouble)))), "dtype"),
    "raw bytes": (lambda: zipped(("x.npy", shaped((1,), "|V8", bytes(8)))), "dtype"),
    "text of two axes": (lambda: zipped(("x.npy", npy_bytes(np.array([["a"]])))), "one text a row"),
    "bytes that are not UTF-8": (lambda: zipped(("x.npy", npy_bytes(np.array([b"\xff\xfe"])))), "UTF-8"),
    "text beyond Unicode": (lambda: zipped(("x.npy", shaped((1,), "<U1", b"\xff\xff\xff\x7f"))), "x|cannot be read"),
    "booleans of 7": (lambda: zipped(("x.npy", shaped((2,), "|b1", b"\x01\x07"))), "neither true nor false"),
    "another file beside the arrays": (lambda: zipped(("x.npy", GOOD), ("run.sh", b"id")), "no array"),
    "an NPZ in an NPZ": (lambda: zipped(("x.npy", zipped(("y.npy", GOOD)))), "disguised"),
    "encrypted": (lambda: in_directory(zipped(("x.npy", GOOD)), 8, b"\x01\x00"), "encrypted"),
    "bzip2": (lambda: zipped(("x.npy", GOOD), method=zipfile.ZIP_BZIP2), "method 12"),
    "lzma": (lambda: zipped(("x.npy", GOOD), method=zipfile.ZIP_LZMA), "method 14"),
    "wrong checksum": (lambda: in_directory(zipped(("x.npy", GOOD)), 16, b"abcd"), "CRC"),
    "a size that lies": (lambda: in_directory(zipped(("x.npy", GOOD)), 24, struct.pack("<I", 20)), "x"),
    "a place outside": (lambda: in_directory(zipped(("x.npy", GOOD)), 42, struct.pack("<I", 10**6)), "x|damaged"),
    "other names inside and outside": (lambda: zipped(("x.npy", GOOD)).replace(b"x.npy", b"z.npy", 1), "differ"),
    "empty archive": (zipped, "empty or split"),
    "no directory": (lambda: zipped(("x.npy", GOOD))[:60], "directory is missing"),
    "a name that is empty": (lambda: zipped((".npy", GOOD)), "no name"),
    "a name of 5,000 letters": (lambda: zipped(("a.npy", GOOD), ("x" * 5_000 + ".npy", GOOD)), "characters"),
    "nothing but noise": (lambda: zipped(("x.npy", GOOD))[:40] + bytes(range(256)) * 10, "directory is missing"),
    **{
        f"cut after {size} bytes": (lambda size=size: zipped(("x.npy", GOOD), ("y.npy", GOOD))[:size], "")
        for size in range(50, 350, 30)
    },
}  # fmt: skip


def frame_bytes():
    file = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_pickle(file)
    return file.getvalue()


ZIPPED = {
    "a gadget": (lambda: zipped(("t.pickle", pickle.dumps(Gadget()))), "posix.system"),
    "an old gadget": (lambda: zipped(("t.pickle", pickle.dumps(Gadget(), 0))), "posix.system"),
    "two pickles": (lambda: zipped(("a.pickle", frame_bytes()), ("b.pickle", frame_bytes())), "2 files"),
    "a CSV": (lambda: zipped(("a.csv", b"a,b\n1,2\n")), "csv, no pickle"),
    "a program": (lambda: zipped(("a", b"\x7fELF")), "program"),
    "a spreadsheet": (lambda: zipped(("[Content_Types].xml", b"<x/>")), "Office"),
    "a path": (lambda: zipped(("../t.pickle", frame_bytes())), "is a path"),
    "a link": (lambda: with_info(mode(0o120777), b"/etc/passwd", "t.pickle"), "link"),
    "zip in zip": (lambda: zipped(("t.zip", zipped(("t.pickle", frame_bytes())))), "no pickle"),
    "forty-two of one": (lambda: zipped(*((f"{i}.zip", zipped(("0", bytes(10**6)))) for i in range(16))), "16 files"),
    "a bomb": (lambda: zipped(("t.pickle", b"\x80\x02B\x00\x00\x00\x40" + bytes(GIB // 4))), "200-fold"),
    "half a pickle": (lambda: zipped(("t.pickle", frame_bytes()[:100])), "cannot be read"),
}  # fmt: skip
FAST = (
    "object array",
    "bomb of 1 GB",
    "disguised pickle",
    "path '../x.npy'",
    "symbolic link",
    "array of 8 exabytes",
)


def cases(table):
    return [pytest.param(name, marks=() if name in FAST else (pytest.mark.slow,)) for name in table]


@pytest.mark.parametrize("name", cases(UNSAFE))
def test_a_dangerous_archive_is_refused_as_dangerous(refused, name):
    """It would run code, leave its folder, or fill the machine."""
    make, why = UNSAFE[name]

    error = refused(make())

    assert any(part in str(error) for part in why.split("|")), str(error)
    if why:
        assert isinstance(error, UnsafeFileError)


@pytest.mark.parametrize("name", cases(MALFORMED))
def test_a_damaged_or_foreign_archive_says_what_is_wrong(refused, name):
    """Most bad files are accidents; the message must help to mend them."""
    make, why = MALFORMED[name]

    error = refused(make())

    assert any(part in str(error) for part in why.split("|")), str(error)


@pytest.mark.parametrize("name", cases(ZIPPED))
def test_a_zip_holds_one_pickled_frame_and_nothing_else(refused, name):
    """The zip adds a layer to hide in, and no right."""
    make, why = ZIPPED[name]

    assert why in str(refused(make()))
