"""A dataset store whose readers run in this process: the same readers, without the 0.4 s that confinement costs.

That the confined process makes the same of the same files is shown in tests/integration/datasets.
"""

import pytest

from nntracker_ray.datasets import DatasetStore, ingest, sandbox
from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.confinement.read_dataset import _refusal
from nntracker_ray.datasets.formats import reader
from nntracker_ray.datasets.sniff import HEAD_BYTES, sniff
from nntracker_ray.errors import DatasetError, UnsafeFileError
from nntracker_ray.home import Home


def read_here(source, result, limits):
    with source.open("rb") as opened, result.open("xb") as columns:
        kind = sniff(opened.read(HEAD_BYTES))
        opened.seek(0)
        writer = ColumnWriter(columns, limits)
        try:
            reader(kind)[0](opened, writer, limits)
        except Exception as error:
            refused = _refusal(error)["refused"]
            raise (UnsafeFileError if refused["unsafe"] else DatasetError)(
                f"{kind}: {refused['message']}"
            ) from error
    read = tuple(sandbox.ReadColumn(each.name, each.is_text, each.parts) for each in writer.columns)
    return sandbox.Reading(kind, read, tuple(writer.notes), {})


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(ingest, "read_confined", read_here)
    return DatasetStore(Home(tmp_path / "home"))


@pytest.fixture
def add(store, tmp_path):
    """Adds bytes under a file name."""

    def add_bytes(data, name="file"):
        (tmp_path / name).write_bytes(data)
        return store.add(name, base=tmp_path)

    return add_bytes
