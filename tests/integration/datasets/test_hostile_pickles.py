"""Pickles that would run code, reach out, or exhaust the machine are refused, and do none of it."""

import io
import pickle
import random
import socket
import struct

import numpy as np
import pandas as pd
import pytest

from nntracker_ray.errors import DatasetError, UnsafeFileError

GADGETS_TEXT = """
os.system posix.system nt.system os.popen os.execv os.remove subprocess.Popen subprocess.call subprocess.check_output
builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr builtins.globals
__builtin__.eval __builtin__.apply __builtin__.getattr _io.open _io.FileIO io.open codecs.open
pickle.loads _pickle.loads marshal.loads importlib.import_module pkgutil.resolve_name runpy.run_path runpy._run_code
types.CodeType types.FunctionType functools.partial functools.reduce operator.attrgetter operator.methodcaller
timeit.timeit pdb.run bdb.Bdb cProfile.run code.interact webbrowser.open shutil.rmtree tempfile.mktemp pathlib.Path
socket.create_connection socket.socket urllib.request.urlopen http.client.HTTPConnection ctypes.CDLL
multiprocessing.Process logging.config.listen sys.exit sys.setrecursionlimit gc.get_objects signal.alarm
numpy.load numpy.fromfile numpy.memmap numpy.savetxt numpy.f2py.compile numpy.testing._private.utils.runstring
pandas.read_pickle pandas.read_csv pandas.eval pandas.io.common.get_handle pandas.compat.pickle_compat.Unpickler
pandas.core.frame.DataFrame.eval pandas.DataFrame.to_csv pandas.core.computation.eval.eval pandas.io.clipboard.copy
pyarrow.OSFile pyarrow.fs.LocalFileSystem pyarrow.lib.memory_map joblib.load keras.models.load_model torch.load
nntracker_ray.datasets.sandbox.read_confined
"""
GADGETS = GADGETS_TEXT.split()
FAST = {
    ("os.system", 0), ("posix.system", 4), ("subprocess.Popen", 2), ("builtins.eval", 1), ("builtins.getattr", 5),
    ("pkgutil.resolve_name", 3), ("numpy.load", 2), ("pandas.DataFrame.to_csv", 4),
}  # fmt: skip


@pytest.fixture
def canary():
    """A port that a gadget would connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.0)
        yield listener


def gadget(name, argument, protocol):
    """A pickle that calls `name` with one text and claims to be whatever comes back."""
    module, _, attribute = name.rpartition(".")
    if name.startswith("pandas.") and ".DataFrame." in name:
        module, attribute = name.split(".DataFrame.")[0], "DataFrame." + name.split(".DataFrame.")[1]
    head = b"" if protocol < 2 else b"\x80" + bytes([protocol])
    text = b"V" + argument.encode() + b"\n"
    if protocol >= 4:
        call = (
            b"".join(b"\x8c" + bytes([len(part)]) + part for part in (module.encode(), attribute.encode()))
            + b"\x93"
        )
    elif protocol == 1:
        return b"(i" + module.encode() + b"\n" + attribute.encode() + b"\n."
    else:
        call = b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"
    return head + call + b"(" + text + b"tR."


def cases():
    for place, name in enumerate(GADGETS):
        fast = {protocol for other, protocol in FAST if other == name}
        for protocol in sorted({(place + step) % 6 for step in (0, 2, 5)} | fast):
            marks = () if (name, protocol) in FAST else (pytest.mark.slow,)
            yield pytest.param(name, protocol, marks=marks, id=f"{name}-{protocol}")


@pytest.mark.parametrize(("name", "protocol"), cases())
def test_a_pickle_that_calls_anything_is_refused_by_name(refused, tmp_path, canary, name, protocol):
    """Unpickling is running a program that the file's author wrote."""
    port = canary.getsockname()[1]
    argument = f"touch {tmp_path}/canary; exec 3<>/dev/tcp/127.0.0.1/{port}"

    error = refused(gadget(name, argument, protocol))

    assert isinstance(error, UnsafeFileError)
    assert name.rpartition(".")[2] in str(error)
    assert not (tmp_path / "canary").exists()
    with pytest.raises(BlockingIOError):
        canary.accept()


def frame_pickle(protocol=4, **columns):
    file = io.BytesIO()
    pd.DataFrame(columns or {"a": [1, 2], "b": ["x", "y"]}).to_pickle(file, protocol=protocol)
    return file.getvalue()


class Nested:
    """Hides a call inside an object column of a good frame."""

    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/nntracker-nested-canary",)


def called(name, *arguments):
    """A protocol 2 pickle of a call with plain arguments."""
    module, _, attribute = name.rpartition(".")
    body = b"".join(pickle.dumps(each, 2)[2:-1] for each in arguments)
    return b"\x80\x02c" + f"{module}\n{attribute}\n".encode() + b"(" + body + b"tR."


def bombs():
    ndarray = b"cnumpy\nndarray\n"
    return {
        "hidden in a cell": (frame_pickle(a=[1, Nested()]), "posix.system"),
        "codec": (called("_codecs.encode", "aaaa", "zlib"), "latin1"),
        "codec that imports": (called("_codecs.encode", "aaaa", "idna"), "latin1"),
        "array of 8 TB": (called("numpy.ndarray", (10**6, 10**6)), "memory"),
        "array of 40 GB": (called("numpy.ndarray", (5 * 10**9,)), "memory"),
        "bytearray of 1 TB": (called("builtins.bytearray", 10**12), "memory"),
        "old name of bytearray": (called("__builtin__.bytearray", 10**12), "memory"),
        "memo place 4294967295": (b"\x80\x02N" + b"r\xff\xff\xff\xff" + b".", "memory"),
        "bytes of 2**62": (b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.", "cannot be read|memory"),
        "frame of 2**60": (b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N.", "cannot be read|memory"),
        "integer of 2 GB": (b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"x.", "cannot be read|memory"),
        "negative length": (b"\x80\x02\x8b" + struct.pack("<i", -5) + b"x.", "cannot be read"),
        "marks without end": (b"\x80\x02" + b"(" * 5_000_000 + b".", "cannot be read|memory"),
        "tuples without end": (b"\x80\x02)" + b"\x85" * 3_000_000 + b".", "holds tuple|crashed|memory|nested"),
        "doubling lists": (
            b"\x80\x02]q\x00"
            + b"".join(b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(100))
            + b".",
            "holds list",
        ),
        "list in itself": (b"\x80\x02]q\x00h\x00a.", "holds list"),
        "persistent id": (b"\x80\x02X\x03\x00\x00\x00abcQ.", "outside itself"),
        "persistent id of protocol 0": (b"cnumpy\ndtype\nPabc\n.", "outside itself"),
        "extension code": (b"\x80\x02\x82\x01.", "cannot be read"),
        "buffer that is not there": (b"\x80\x05\x97.", "cannot be read"),
        "memo that is not there": (b"\x80\x02h\x05.", "cannot be read"),
        "unknown opcode": (b"\x80\x02\xff.", "cannot be read"),
        "protocol 99": (b"\x80\x63N.", "cannot be read"),
        "nothing": (b"\x80\x02.", "cannot be read"),
        "cut short": (frame_pickle()[:200], "cannot be read"),
        "new attribute on a class": (
            b"\x80\x02cpandas\nDataFrame\nN}X\x05\x00\x00\x00shapeK\x07s\x86b.", "cannot be read|holds type"
        ),
        "a class for a frame": (b"\x80\x02cpandas\nDataFrame\n.", "holds type"),
        "a frame without content": (b"\x80\x02cpandas\nDataFrame\n)\x81.", "cannot be read"),
        "an array's state of another's size": (
            b"\x80\x02cnumpy._core.multiarray\n_reconstruct\n" + ndarray + b"K\x00\x85C\x01b\x87R"
            b"(K\x01M\xff\x7f\x85cnumpy\ndtype\n" + b"X\x02\x00\x00\x00f8\x89\x88\x87R" + b"\x89C\x04abcdtb.",
            "cannot be read|holds ndarray",
        ),
        "objects in bytes": (called("numpy._core.numeric._frombuffer", b"a" * 64, "O", (8,), "C"), "cannot be read"),
        "Arrow buffer of nothing": (called("pyarrow.lib.py_buffer", b""), "holds Buffer|cannot be read"),
        "Arrow type": (called("pyarrow.lib.type_for_alias", "string"), "holds DataType"),
    }  # fmt: skip


FAST_BOMBS = ("hidden in a cell", "array of 8 TB", "memo place 4294967295", "marks without end")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST_BOMBS else (pytest.mark.slow,)) for name in bombs()]
)
def test_a_pickle_that_only_uses_allowed_names_cannot_do_harm(refused, name):
    """What is allowed can still be used to ask for too much, or for nonsense."""
    data, why = bombs()[name]

    error = refused(data)

    assert any(part in str(error) for part in why.split("|")), str(error)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_pickle_is_read_or_refused_but_never_more(add, seed):
    """Flipped bytes reach places that nobody thought of; the worst that may happen is a refusal."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    data = bytearray(
        frame_pickle(protocol=seed % 6, a=[1.5, 2.5], b=["x", None], c=pd.Categorical(["u", "v"]))
    )
    for _ in range(chance.choice([1, 3, 10])):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        stored = add(bytes(data))
    except DatasetError:
        return
    for column in stored.columns:
        stored.values(column.name)


def hostile_arrow_text(offsets):
    """A good frame of Arrow text whose offsets were replaced in the pickle by wild ones."""
    frame = pd.DataFrame({"a": pd.array(["x" * 1111, "y" * 1111], dtype="string[pyarrow]")})
    file = io.BytesIO()
    frame.to_pickle(file, protocol=4)
    data = file.getvalue()
    kind = next(kind for kind in (np.int64, np.int32) if np.array([0, 1111, 2222], kind).tobytes() in data)
    return data.replace(np.array([0, 1111, 2222], kind).tobytes(), np.array(offsets, kind).tobytes())


@pytest.mark.parametrize("offsets", [[0, 10**9, 2 * 10**9], [0, -5, 2222], [-(10**9), 0, 2222]], ids=str)
def test_arrow_buffers_that_point_outside_themselves_are_refused(refused, offsets):
    """Arrow believes a pickle's offsets; read as they are, they give away the reader's memory or crash it."""
    assert "reader" in str(error := refused(hostile_arrow_text(offsets))) or "cannot be read" in str(error)
