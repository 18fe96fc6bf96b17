"""The store keeps a dataset whole or not at all, once however often it is added."""

import hashlib
import io
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from nntracker_ray.datasets import DatasetStore, Limits, load_examples
from nntracker_ray.datasets import store as store_module
from nntracker_ray.datasets.addresses import parse_networks
from nntracker_ray.datasets.fetch import FetchRules
from nntracker_ray.errors import DatasetError, FetchError, NotFoundError, UnsafeFileError
from nntracker_ray.home import Home
from nntracker_ray.records import DatasetRef


def npz(rows=3):
    file = io.BytesIO()
    np.savez(file, x=np.arange(rows * 2.0).reshape(rows, 2), y=np.arange(rows))
    return file.getvalue()


def test_a_dataset_is_found_again_by_the_digest_of_its_bytes(add, store):
    """Runs refer to datasets by what they hold, so that no name can come to mean other data."""
    data = npz()
    stored = add(data, "digits.npz")

    assert stored.digest == hashlib.sha256(data).hexdigest()
    assert store.get(stored.digest).columns == stored.columns
    assert stored.original.read_bytes() == data
    examples = load_examples(stored, DatasetRef(stored.digest, stored.name))
    np.testing.assert_array_equal(examples.features, np.arange(6.0).reshape(3, 2))


def test_adding_the_same_bytes_again_reads_nothing(add, store, tmp_path, monkeypatch):
    """Every run of an experiment adds its dataset."""
    first = add(npz(), "a.npz")
    monkeypatch.setattr(store_module, "ingest", lambda *_, **__: pytest.fail("read again"))
    second = add(npz(), "b.npz")

    assert (second.digest, second.folder) == (first.digest, first.folder)
    assert second.name == "b.npz"
    assert store.add(first.digest).digest == first.digest


def test_a_relative_path_is_relative_to_the_base(store, tmp_path):
    """Paths in an experiment file are meant from where that file lies."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a,b\n1,2\n")

    assert store.add("data/a.csv", base=tmp_path).name == "a.csv"
    assert store.add(str(tmp_path / "data" / "a.csv"), base=Path("/")).rows == 1


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../etc", "0" * 63, "Z" * 64, "0" * 64 + "/../x"])
def test_an_unknown_digest_is_not_found(store, digest):
    """A digest comes from outside, and must not become a path."""
    with pytest.raises(NotFoundError):
        store.get(digest)


@pytest.mark.parametrize("what", ["folder", "pipe", "nothing", "null device"])
def test_what_is_no_file_is_refused(store, tmp_path, what):
    """A pipe would block for ever, a device would never end."""
    path = tmp_path / "thing"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "null device":
        path = Path("/dev/zero")

    with pytest.raises(DatasetError, match=str(path)):
        store.add(str(path))


def test_a_file_beyond_the_limit_is_refused_before_it_is_copied_whole(tmp_path):
    """A hundred gigabytes by mistake must not fill the disk of everybody."""
    (tmp_path / "large.csv").write_bytes(b"a,b\n" + b"1,2\n" * 10_000)
    small = DatasetStore(Home(tmp_path / "home"), limits=Limits(file_bytes=1_000))

    with pytest.raises(UnsafeFileError, match="1,000 bytes"):
        small.add(str(tmp_path / "large.csv"))


def test_a_url_is_refused_or_fetched_by_the_rules(tmp_path):
    """The store is the only door, so the rules must hold at the door."""
    store = DatasetStore(Home(tmp_path / "home"), rules=FetchRules(allowed_networks=parse_networks("")))

    for url in ("http://127.0.0.1/a.csv", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data"):
        with pytest.raises(FetchError):
            store.add(url)


def test_the_data_folder_is_readable_by_its_owner_alone(add):
    """Datasets can be private."""
    folder = add(npz()).folder

    assert folder.stat().st_mode & 0o077 == 0


def add_in_process(home, path, barrier, answers):
    barrier.wait()
    answers.put(DatasetStore(Home(home)).add(path).digest)


def test_processes_that_add_the_same_file_at_once_agree(tmp_path):
    """A grid starts many runs in the same second."""
    (tmp_path / "a.npz").write_bytes(npz())
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(4), context.Queue()
    arguments = (tmp_path / "home", str(tmp_path / "a.npz"), barrier, answers)
    processes = [context.Process(target=add_in_process, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    digests = {answers.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(60)

    assert digests == {hashlib.sha256(npz()).hexdigest()}
    kept = {path.name for path in (tmp_path / "home" / "datasets").iterdir()}
    assert kept == digests | {".incoming", ".locks"}
    assert list((tmp_path / "home" / "datasets" / ".incoming").iterdir()) == []


OPERATIONS = ("open", "mkdir", "fsync", "rename", "unlink", "rmdir")


def add_and_die(home, path, fatal):
    """Adds the file; dies without any tidying up at the operation with the given number."""
    done = 0

    def counted(original):
        def call(*arguments, **named):
            nonlocal done
            done += 1
            if done == fatal:
                os._exit(9)
            return original(*arguments, **named)

        return call

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))
    DatasetStore(Home(home)).add(path)
    os._exit(0)


@pytest.mark.slow
def test_a_process_killed_at_any_file_operation_leaves_a_whole_dataset_or_none(tmp_path):
    """Power fails between any two steps; what is found afterwards must be true."""
    (tmp_path / "a.npz").write_bytes(npz())
    digest = hashlib.sha256(npz()).hexdigest()
    context = multiprocessing.get_context("fork")
    outcomes = []
    for fatal in range(1, 100):
        home = tmp_path / f"home{fatal}"
        process = context.Process(target=add_and_die, args=(home, str(tmp_path / "a.npz"), fatal))
        process.start()
        process.join(60)
        store = DatasetStore(Home(home))
        try:
            found = store.get(digest)
        except NotFoundError:
            outcomes.append("none")
        else:
            outcomes.append("whole")
            np.testing.assert_array_equal(found.values("y"), [0, 1, 2])
        assert store.add(str(tmp_path / "a.npz")).rows == 3
        if process.exitcode == 0:
            break

    assert process.exitcode == 0
    assert {"none", "whole"} == set(outcomes)
    assert outcomes == sorted(outcomes)
    assert len(outcomes) > 10


def test_what_a_killed_process_left_is_removed_after_a_day(add, store, tmp_path):
    """Half-read datasets must not pile up."""
    add(npz())
    left = tmp_path / "home" / "datasets" / ".incoming" / "left"
    recent = left.with_name("recent")
    for folder in (left, recent):
        folder.mkdir()
        (folder / "original").write_bytes(b"x")
    os.utime(left, (1, 1))

    add(npz(4))

    assert not left.exists()
    assert recent.exists()
