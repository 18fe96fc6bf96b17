"""A folder that every machine can reach: files there are whole or not there."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from nntracker_ray.errors import BadInputError, RemoteError
from nntracker_ray.remote import RemoteFolder


@pytest.fixture(params=["path", "uri"])
def remote(request, tmp_path: Path) -> RemoteFolder:
    folder = tmp_path / "common"
    return RemoteFolder(str(folder) if request.param == "path" else folder.as_uri())


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_what_is_put_comes_back(remote: RemoteFolder, tmp_path: Path):
    """The other node sees the very bytes."""
    content = os.urandom(3 * 2**20)
    remote.put(written(tmp_path / "a", content), "checkpoints/run/last.ckpt")

    came = remote.get("checkpoints/run/last.ckpt", tmp_path / "deep" / "b")

    assert came
    assert (tmp_path / "deep" / "b").read_bytes() == content
    assert remote.size("checkpoints/run/last.ckpt") == len(content)


def test_a_missing_key_is_an_answer_and_no_error(remote: RemoteFolder, tmp_path: Path):
    """A run's first attempt looks for a checkpoint that nobody has written; the local file stays."""
    local = written(tmp_path / "b", b"mine")

    assert remote.get("checkpoints/run/last.ckpt", local) is False
    assert remote.size("checkpoints/run/last.ckpt") is None
    assert remote.delete("checkpoints/run/last.ckpt") is False
    assert remote.list("checkpoints") == []
    assert local.read_bytes() == b"mine"


def test_a_folder_that_comes_and_goes_is_listed(remote: RemoteFolder, tmp_path: Path):
    """Another machine may make its first copy, or remove the last, in the very moment of looking."""
    over, place = threading.Event(), tmp_path / "common" / "coming"

    def come_and_go() -> None:
        while not over.is_set():
            (place / "deeper").mkdir(parents=True, exist_ok=True)
            (place / "deeper").rmdir()
            place.rmdir()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        assert [remote.list("coming") for _ in range(20_000)] == [[]] * 20_000
    finally:
        over.set()
        other.join()


def test_listing_gives_keys_and_sizes(remote: RemoteFolder, tmp_path: Path):
    """Keys as they are given to `get`, sorted; what is being written is not among them."""
    for key in ("m/b.json", "m/deep/a.json", "other/c"):
        remote.put(written(tmp_path / "x", key.encode()), key)
    written(tmp_path / "common" / "m" / ".aside-1234", b"half")

    assert remote.list("m") == [("m/b.json", 8), ("m/deep/a.json", 13)]
    assert [key for key, _ in remote.list()] == ["m/b.json", "m/deep/a.json", "other/c"]


def test_deleting_takes_a_file_or_a_folder_away(remote: RemoteFolder, tmp_path: Path):
    """What is deleted is gone on every node."""
    for key in ("r/1/last.ckpt", "r/1/best.ckpt", "r/2/last.ckpt"):
        remote.put(written(tmp_path / "x", b"."), key)

    assert remote.delete("r/1/best.ckpt")
    remote.delete_folder("r/2")
    remote.delete_folder("r/2")

    assert remote.list() == [("r/1/last.ckpt", 1)]


def test_readers_never_see_half_a_file(remote: RemoteFolder, tmp_path: Path):
    """A node may fetch a checkpoint while another replaces it: it gets the old one or the new one."""
    contents = [bytes([number]) * 2**20 for number in range(8)]
    files = [written(tmp_path / f"{number}", content) for number, content in enumerate(contents)]
    remote.put(files[0], "last.ckpt")
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            assert remote.get("last.ckpt", tmp_path / "copy")
            seen.append((tmp_path / "copy").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for file in files * 3:
        remote.put(file, "last.ckpt")
    done.set()
    reader.join()

    assert seen
    assert all(content in contents for content in seen)
    assert [key for key, _ in remote.list()] == ["last.ckpt"]


def test_a_folder_that_refuses_is_named_in_the_error(tmp_path: Path):
    """Nobody can act on 'OSError'."""
    written(tmp_path / "file", b"not a folder")
    remote = RemoteFolder(str(tmp_path / "file"))

    with pytest.raises(RemoteError, match=r"cannot write .*/file/a/b: .*; see that the folder"):
        remote.put(written(tmp_path / "x", b"."), "a/b")


def test_a_missing_local_file_is_the_callers_fault(remote: RemoteFolder, tmp_path: Path):
    """It must not look like trouble with the remote place."""
    with pytest.raises(FileNotFoundError):
        remote.put(tmp_path / "nothing", "a")


@pytest.mark.parametrize("uri", ["relative/folder", "", "~/common"])
def test_a_relative_folder_is_refused_at_once(uri: str):
    """Each process would take it for another place."""
    with pytest.raises(BadInputError, match="give an absolute path or a URI"):
        RemoteFolder(uri)


def test_an_unknown_scheme_is_refused_without_its_password():
    """An error text ends in logs."""
    with pytest.raises(BadInputError, match="ftp://host/x is not a shared folder") as caught:
        RemoteFolder("ftp://me:secret@host/x?token=abc").list()

    assert "secret" not in str(caught.value).partition(":")[0]


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../../up", "a\\b", "a\0b"])
def test_keys_stay_in_the_folder(remote: RemoteFolder, tmp_path: Path, key: str):
    """A key made of names must not lead elsewhere."""
    with pytest.raises(BadInputError, match="is not a key"):
        remote.put(written(tmp_path / "x", b"."), key)
