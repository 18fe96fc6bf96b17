"""Archives that somebody made to hurt us: refused, with nothing stored."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from nntracker_ray.archive.checked_zip import ArchiveLimits, opened_archive
from nntracker_ray.archive.layout import MANIFEST
from nntracker_ray.archive.plan import read_plan
from nntracker_ray.archive.reader import ArchiveReader
from nntracker_ray.errors import BadInputError
from nntracker_ray.home import Home
from nntracker_ray.records import RunSpec
from nntracker_ray.storage.connection import Database
from tests.conftest import TemplateDatabase
from tests.integration.archive.archive_kit import archive, bring_in, rewritten, trained_experiment

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def made(
    module_database: Database, home: Home, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[RunSpec]]:
    """An honest archive of two runs."""
    owner_id, specs = trained_experiment(module_database)
    path = tmp_path_factory.mktemp("made") / "good.zip"
    run_ids = [spec.run_id for spec in specs]
    return archive(module_database, home, path, viewer_id=owner_id, run_ids=run_ids), specs


@pytest.fixture
def good(made: tuple[Path, list[RunSpec]], tmp_path: Path) -> tuple[Path, list[RunSpec]]:
    """A copy of it to spoil."""
    return Path(shutil.copy(made[0], tmp_path)), made[1]


@pytest.fixture(scope="module")
def other(embedded_template: TemplateDatabase) -> Iterator[Database]:
    """The other platform, one for all tests: nothing ever comes into it."""
    for url in embedded_template.copy():
        database = Database(url, application="nntracker tests")
        yield database
        database.close()


def stored(database: Database) -> tuple[int, ...]:
    """How many rows of everything there are."""
    tables = ("experiments", "runs", "metrics", "metric_arrays", "weight_arrays", "run_log", "run_states")
    with database.connection() as conn:
        return tuple(conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)  # noqa: S608


def refused(database: Database, home: Home, path: Path, why: str) -> None:
    """It is refused for this reason, and nothing is left."""
    with pytest.raises(BadInputError, match=why):
        bring_in(database, home, path)
    assert stored(database) == (0,) * 7


def edited(name: str, change: Callable[[dict], None]) -> Callable[[Members], None]:
    """Change a JSON file of the first run that has one."""

    def apply(members: Members) -> None:
        path = next(path for path in members if path.endswith(f"/{name}"))
        value = json.loads(members[path])
        change(value)
        members[path] = json.dumps(value).encode()

    return apply


def replaced(name: str, content: Callable[[bytes], bytes]) -> Callable[[Members], None]:
    """Change a file by its bytes."""

    def apply(members: Members) -> None:
        path = next(path for path in members if path.endswith(name))
        members[path] = content(members[path])

    return apply


def object_array(content: bytes) -> bytes:
    """An NPZ that would run code where pickles are read."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as npz:
        for name in old.namelist():
            part = io.BytesIO()
            np.save(part, np.array([{}], object), allow_pickle=True)
            npz.writestr(name, part.getvalue())
    return file.getvalue()


def looks(old: bytes, new: bytes) -> Callable[[Members], None]:
    """Change what the index says of the arrays of metrics."""

    def change(text: bytes) -> bytes:
        assert old in text
        return text.replace(old, new)

    return replaced("metric-arrays.jsonl", change)


def swap(key: str, value: object) -> Callable[[dict], None]:
    def change(found: dict) -> None:
        place = found
        *outer, last = key.split(".")
        for one in outer:
            place = place[one]
        assert last in place
        place[last] = value

    return change


SPEC = "specification.json"
LIES = {
    "a name beyond the rules": (edited("run.json", swap("fold", -1)), "fold"),
    "a field of its own": (edited("run.json", lambda run: run.update(owner_id=str(uuid4()))), "owner_id"),
    "another run's file": (edited("run.json", swap("run_id", str(uuid4()))), "another run"),
    "an unknown state": (edited("run.json", swap("state", "king")), "state"),
    "a moment before the year 1": (
        edited("run.json", swap("created_at", "0001-01-01T00:00:00+23:59")),
        "years 1 to 9999",
    ),
    "a moment after the year 9999": (
        edited("experiment.json", swap("created_at", "9999-12-31T23:59:59-23:59")),
        "years 1 to 9999",
    ),
    "a configuration that is none": (replaced("configuration.json", lambda _: b"[]"), "object"),
    "a configuration in UTF-16": (
        replaced("configuration.json", lambda text: text.decode().encode("utf-16")),
        "configuration.json",
    ),
    "an experiment that is not there": (edited("run.json", swap("experiment_id", str(uuid4()))), "lacks"),
    "a parent that is not there": (edited("run.json", swap("parent_id", str(uuid4()))), "made from"),
    "hardware that is not asked for": (edited("run.json", swap("cpu", 0.0)), "other hardware"),
    "a spec of another run": (edited(SPEC, swap("run_id", str(uuid4()))), "another run"),
    "code for an optimizer": (edited(SPEC, swap("configuration.optimizer.name", "os.system")), "optimizer"),
    "an argument that Keras lacks": (
        edited(SPEC, swap("configuration.optimizer.conf", {"module": "os"})),
        "module",
    ),
    "a formula that runs code": (
        edited(SPEC, swap("schedule", {"kind": "policy", "conf": {"expression": "__import__('os')"}})),
        "specification.json",
    ),
    "another user's checkpoint": (
        edited(SPEC, swap("origin", {"run_id": str(uuid4()), "checkpoint": "last", "run_no": 1})),
        "goes on from",
    ),
    "a path for a digest": (edited(SPEC, swap("model_digest", "../../etc/passwd")), "digest"),
    "a password in a place": (
        edited(SPEC, swap("checkpoints.location", "s3://user:secret@host/bucket")),
        "password",
    ),
    "epochs without end": (edited(SPEC, swap("total_epochs", 10**12)), "total_epochs"),
    "facts of files": (
        edited("facts.json", lambda facts: facts.append({"key": "checkpoints", "attempt": 1, "value": []})),
        "facts",
    ),
    "NaN in JSON": (replaced("facts.json", lambda _: b'[{"key": "a", "attempt": 1, "value": NaN}]'), "NaN"),
    "endless depth": (replaced("facts.json", lambda _: b"[" * 100_000), "facts.json"),
    "half a character": (
        replaced("facts.json", lambda _: b'[{"key": "a", "attempt": 1, "value": "\\ud800"}]'),
        "facts.json|cannot be stored",
    ),
    "other columns": (replaced("metrics.csv", lambda text: text.replace(b"metric,", b"m,")), "columns"),
    "a word for a number": (
        replaced("metrics.csv", lambda text: text + b"a,,,0,0,x,2026-01-01T00:00Z,1\n"),
        "csv",
    ),
    "a number too large": (
        replaced("metrics.csv", lambda text: text + b"a,,,99999999999,0,1,2026-01-01T00:00Z,1\n"),
        "out of range",
    ),
    "a time without a zone": (
        replaced("metrics.csv", lambda text: text + b"a,,,0,0,1,2026-01-01T00:00,1\n"),
        "zone",
    ),
    "a line without end": (replaced("metrics.csv", lambda text: text + b"a" * 100_000), "line of more"),
    "bytes that are no text": (replaced("log.jsonl", lambda text: text + b"\xff\n"), "UTF-8"),
    "arrays of objects": (replaced("captures/epoch-000000.npz", object_array), "captures/epoch-000000"),
    "arrays that are not in the index": (
        replaced("captures.jsonl", lambda text: text.replace(b'"bias"', b'"eyes"')),
        "index names",
    ),
    "a dtype of objects": (
        replaced("captures.jsonl", lambda text: text.replace(b'"bfloat16"', b'"object"')),
        "dtype",
    ),
    "a dtype that is a class": (
        replaced("captures.jsonl", lambda text: text.replace(b'"bfloat16"', b'"finfo"')),
        "dtype",
    ),
    "a shape that is not its own": (
        replaced("captures.jsonl", lambda text: text.replace(b"[3, 4]", b"[2147483647, 2147483647]")),
        "index says",
    ),
    "metric arrays of objects": (
        replaced("metric-arrays/epoch-000000.npz", object_array),
        "metric-arrays/epoch-000000",
    ),
    "metric arrays that are not in the index": (looks(b'"a/b"', b'"b/a"'), "index names"),
    "two metric arrays of one place": (
        looks(b'"a/b", "layer": "c"', b'"a", "layer": "b/c\\n%2F"'),
        "of one place",
    ),
    "a metric array's dtype of objects": (looks(b'"int8"', b'"object"'), "dtype"),
    "a metric array's dtype that is not its own": (looks(b'"int8"', b'"int16"'), "index says"),
    "a metric array above its limit": (looks(b"[3]", b"[200000]"), "above 1,048,576 bytes"),
    "a metric array of endless sides": (looks(b"[3]", b"[3, 2147483647]"), "shape"),
    "a histogram with edges too few": (looks(b"[3]", b"[4]"), "index says"),
    "a histogram that is a number": (looks(b"[3]", b"[]"), "does not have the shape"),
    "a histogram without edges": (
        looks(b'"is_histogram": false', b'"is_histogram": true'),
        "does not have the shape|index names",
    ),
    "a metric's name that no index holds": (looks(b'"a/b"', b'"' + b"a" * 601 + b'"'), "600 characters"),
    "a metric array before the first step": (looks(b'"step": 10', b'"step": -1'), "step"),
    "a metric array's moment without a zone": (looks(b"+00:00", b""), "zone|time"),
    "metric arrays that are missing": (
        lambda members: [
            members.pop(path) for path in [*members] if path.endswith("metric-arrays/epoch-000000.npz")
        ],
        "lacks",
    ),
    "a member of no kind": (lambda members: members.update({"notes.txt": b"hello"}), "no place"),
    "a path out of the folder": (lambda members: members.update({"../evil": b""}), "no place"),
    "an absolute path": (lambda members: members.update({"/etc/cron.d/evil": b""}), "no place"),
    "a model of its own code": (
        lambda members: members.update({f"models/{'0' * 64}.json": b'{"class_name": "Lambda"}'}),
        "model|Lambda|class_name",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_refused_and_nothing_is_stored(lie, good, other: Database, home: Home):
    """The manifest can be made to fit: what the files say must be checked as well, each word of it."""
    path, _ = good
    change, why = LIES[lie]

    refused(other, home, rewritten(path, change), why)


class TestTheZip:
    def test_a_changed_byte_is_found(self, good, other: Database, home: Home):
        """Disks and networks change bytes; results must not change with them."""
        path, specs = good
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as opened:
            info = opened.getinfo(f"runs/{specs[0].run_id}/captures/epoch-000000.npz")
        content[info.header_offset + info.compress_size // 2 + 200] ^= 1
        path.write_bytes(bytes(content))

        refused(other, home, path, "damaged|manifest")

    def test_a_digest_that_does_not_fit_is_refused(self, good, other: Database, home: Home, tmp_path: Path):
        """Somebody who replaces a file and forgets the manifest."""
        path, _ = good
        target = tmp_path / "swapped.zip"
        with zipfile.ZipFile(path) as opened, zipfile.ZipFile(target, "w") as out:
            for name in opened.namelist():
                text = opened.read(name)
                out.writestr(name, text.replace(b"0.51", b"0.99") if name.endswith("metrics.csv") else text)

        refused(other, home, target, "not what the manifest says")

    def test_one_that_was_cut_short_is_refused(self, good, other: Database, home: Home):
        """A download that broke off."""
        path, _ = good
        path.write_bytes(path.read_bytes()[:-2000])

        refused(other, home, path, "cut short|damaged")

    @pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"hello" * 1000])
    def test_what_is_no_zip_is_refused(self, content, other: Database, home: Home, tmp_path: Path):
        """Any file may be uploaded by mistake."""
        path = tmp_path / "no.zip"
        path.write_bytes(content)

        refused(other, home, path, "no zip|damaged")

    def test_a_zip_of_something_else_is_refused(self, other: Database, home: Home, tmp_path: Path):
        """Its name ends with .zip, and that is all."""
        path = tmp_path / "other.zip"
        with zipfile.ZipFile(path, "w") as out:
            out.writestr("report.html", "hello")

        refused(other, home, path, "no manifest")

    def test_a_bomb_is_refused_before_it_is_read(self, good, other: Database, home: Home):
        """A megabyte must not become a hundred gigabytes of anything."""
        path, _ = good
        bomb = rewritten(path, replaced("metrics.csv", lambda _: b"\n" * (64 << 20)))

        refused(other, home, bomb, "bomb")

    def test_what_is_held_at_once_has_limits_of_its_own(self, good, home: Home):
        """A thousand padded specifications, or folds packed twice, would fill the memory within the other limits."""
        path, specs = good
        limits = ArchiveLimits(held_bytes=1000, folds_bytes=100)

        with opened_archive(path, limits) as archive:
            with pytest.raises(BadInputError, match="allowed are 1,000"):
                read_plan(archive, home)
            with pytest.raises(BadInputError, match=r"folds of .* allowed are 1000 and 100"):
                ArchiveReader(archive).folds(specs[0].experiment_id)

    def test_a_link_is_refused(self, good, other: Database, home: Home, tmp_path: Path):
        """Nothing is unpacked; should that change one day, links must not come in by then."""
        path, specs = good
        target = tmp_path / "link.zip"
        shutil.copy(path, target)
        info = zipfile.ZipInfo(f"runs/{specs[0].run_id}/checkpoints/last.ckpt")
        info.external_attr = 0o120777 << 16
        with zipfile.ZipFile(target, "a") as out:
            out.writestr(info, "/etc/passwd")

        refused(other, home, target, "link")

    def test_a_member_that_comes_twice_is_refused(self, good, other: Database, home: Home, tmp_path: Path):
        """Two readers could believe different ones."""
        path, _ = good
        target = tmp_path / "twice.zip"
        shutil.copy(path, target)
        with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(target, "a") as out:
            out.writestr(MANIFEST, "{}")

        refused(other, home, target, "twice")

    def test_an_archive_of_a_later_version_says_so(self, good, other: Database, home: Home, tmp_path: Path):
        """A person then knows what to do: use the newer NNTracker."""
        path, _ = good
        target = tmp_path / "later.zip"
        with zipfile.ZipFile(path) as opened, zipfile.ZipFile(target, "w") as out:
            for name in opened.namelist():
                text = opened.read(name)
                out.writestr(
                    name, text.replace(b'"version": 1', b'"version": 2') if name == MANIFEST else text
                )

        refused(other, home, target, "version 2")

    def test_limits_are_kept(self, good):
        """Directories are read whole: how large they are is asked first."""
        path, _ = good

        for limits in (
            ArchiveLimits(members=3),
            ArchiveLimits(file_bytes=100),
            ArchiveLimits(content_bytes=100),
        ):
            with pytest.raises(BadInputError, match="allowed are"), opened_archive(path, limits):
                pass


def test_a_failure_at_the_end_leaves_nothing(good, other: Database, home: Home):
    """All or nothing: half of an experiment would look like a whole one."""
    path, _ = good

    def spoil_last_run(members: Members) -> None:
        last = [name for name in members if name.endswith("log.jsonl")][-1]
        members[last] += b'{"attempt": 1}\n'

    refused(other, home, rewritten(path, spoil_last_run), "log.jsonl")


def test_the_ids_of_the_manifest_are_those_of_the_runs(good, other: Database, home: Home, tmp_path: Path):
    """Runs that it does not name would be left behind in silence, or come twice."""
    path, specs = good
    twice = [str(specs[0].run_id)] * 2
    target = tmp_path / "ids.zip"
    with zipfile.ZipFile(path) as opened, zipfile.ZipFile(target, "w") as out:
        for name in opened.namelist():
            text = opened.read(name)
            if name == MANIFEST:
                text = json.dumps({**json.loads(text), "runs": twice}).encode()
            out.writestr(name, text)

    refused(other, home, target, "twice")
    assert UUID(twice[0])
