"""The confined process makes of every format what its reader makes of it, and its answer is not believed blindly."""

import io
import json
import pickle
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats import reader
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.sandbox import read_confined
from nntracker_ray.datasets.sniff import Format
from nntracker_ray.errors import DatasetError, UnsafeFileError

FRAME = pd.DataFrame(
    {"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"]), "d": [0.5, None], "e": [True, False]}
)


def frame_bytes(**options):
    file = io.BytesIO()
    FRAME.to_pickle(file, **options)
    return file.getvalue()


def npz_bytes():
    file = io.BytesIO()
    np.savez_compressed(
        file, x=np.arange(12.0).reshape(3, 4), y=np.array(["a", "b", "a"]), f=np.asfortranarray(np.eye(3))
    )
    return file.getvalue()


FILES = {
    Format.NPZ: npz_bytes(),
    Format.CSV: FRAME.to_csv(index=False).encode(),
    Format.ARFF: b"@relation r\n@attribute a numeric\n@attribute b {x, 'y z'}\n@data\n1,x\n?,'y z'\n",
    Format.JSON: json.dumps({"a": [1, None], "b": ["x", None], "c": [[1, 2], [3, 4]]}).encode(),
    Format.PICKLE: frame_bytes(),
    Format.ZIPPED_PICKLE: frame_bytes(compression={"method": "zip", "archive_name": "t.pickle"}),
}


@pytest.mark.parametrize("kind", list(Format))
def test_confinement_changes_nothing_of_what_is_read(tmp_path, kind):
    """The readers are tested in the open; this carries the result into the confined process."""
    (tmp_path / "file").write_bytes(FILES[kind])
    here = io.BytesIO()
    writer = ColumnWriter(here, Limits())
    reader(kind)[0](io.BytesIO(FILES[kind]), writer, Limits())

    reading = read_confined(tmp_path / "file", tmp_path / "columns", Limits())

    assert reading.kind is kind
    assert (tmp_path / "columns").read_bytes() == here.getvalue()
    assert [column.name for column in reading.columns] == [column.name for column in writer.columns]
    assert "seccomp" in reading.measures["holding"]


@pytest.mark.parametrize("seconds", [0.01])
def test_a_reader_past_its_time_is_stopped(tmp_path, seconds):
    """Somebody is waiting for the answer."""
    (tmp_path / "file").write_bytes(FILES[Format.CSV])

    with pytest.raises(UnsafeFileError, match="longer than"):
        read_confined(tmp_path / "file", tmp_path / "columns", Limits(wall_s=seconds))


@pytest.mark.parametrize("kind", [Format.PICKLE, Format.ZIPPED_PICKLE])
def test_an_administrator_can_switch_pickles_off(tmp_path, monkeypatch, kind):
    """Some places want no pickle read however carefully."""
    (tmp_path / "file").write_bytes(FILES[kind])
    monkeypatch.setenv("NNTRACKER_REFUSED_FORMATS", "pickle, arff")

    with pytest.raises(UnsafeFileError, match="switched off"):
        read_confined(tmp_path / "file", tmp_path / "columns", Limits())


def test_a_file_that_needs_more_memory_than_allowed_is_refused_by_that_reason(tmp_path):
    """The machine's other work must not feel it."""
    frame = pd.DataFrame({"a": np.zeros(5_000_000)})
    frame.to_pickle(tmp_path / "file")

    with pytest.raises(UnsafeFileError, match="memory"):
        read_confined(tmp_path / "file", tmp_path / "columns", Limits(memory_bytes=20 << 20))


def test_a_result_beyond_its_quota_is_refused(tmp_path):
    """A sparse file may be small and its table large."""
    (tmp_path / "file").write_bytes(FILES[Format.NPZ])

    with pytest.raises(UnsafeFileError, match="allowed are 100"):
        read_confined(
            tmp_path / "file", tmp_path / "columns", Limits(result_bytes=100, archive_ratio_from=10**9)
        )


def test_a_hundred_megabytes_stream_through_little_memory(tmp_path):
    """Large NPZ files are the usual case; they must not need their size again in memory."""
    x = np.zeros((13_000_000,))
    x[::1000] = 1.0
    with zipfile.ZipFile(tmp_path / "file", "w") as archive, archive.open("x.npy", "w") as member:
        np.lib.format.write_array(member, x)

    read_confined(tmp_path / "file", tmp_path / "columns", Limits(memory_bytes=30 << 20))

    assert (tmp_path / "columns").stat().st_size > x.nbytes


def test_reports_that_make_no_sense_are_refused():
    """A subverted reader can say what it likes."""
    from nntracker_ray.datasets.sandbox import _answer

    for report in (
        b"",
        b"{}",
        b"[]",
        b'{"measures": {}}',
        b"\xff",
        b'{"measures": {"holding": [], "missing": {}}, "x": 1}',
    ):
        with pytest.raises(UnsafeFileError, match="makes no sense"):
            _answer(0, report, b"", Limits())


def test_messages_that_quote_the_file_hold_no_control_characters(tmp_path):
    """A terminal that shows the message must not obey the file."""
    (tmp_path / "file").write_bytes(pickle.dumps({"a": 1})[:-1] + b"\x1b[2J")
    payload = b"\x80\x02cos\x1b[31m\nsystem\n."
    (tmp_path / "file").write_bytes(payload)

    with pytest.raises(DatasetError) as refused:
        read_confined(tmp_path / "file", tmp_path / "columns", Limits())
    assert str(refused.value).isprintable()


def test_readers_end_with_their_work(tmp_path):
    """Nothing may be left running when the answer is there."""
    import psutil

    (tmp_path / "file").write_bytes(FILES[Format.JSON])
    read_confined(tmp_path / "file", tmp_path / "columns", Limits())

    deadline = time.monotonic() + 10
    while psutil.Process().children(recursive=True) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert psutil.Process().children(recursive=True) == []
