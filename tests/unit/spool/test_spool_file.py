"""The spool keeps what it took, whole and in order, through kills, torn tails and damage."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntracker_ray.delivery import drain_orphans
from nntracker_ray.errors import SpoolError
from nntracker_ray.spool import Spool, SpoolName, orphaned

HEADER_BYTES = 24
PAYLOADS = [b"first", b"2", b"third" * 100, b"NNs1" * 3, b"last"]


def contents(folder, **options):
    """Every unacknowledged payload, read the way the delivery does it."""
    spool, found = Spool(folder, run_no=7, attempt=1, **options), []
    while parcel := spool.oldest(1):
        found.append(parcel.payload)
        spool.acknowledge(parcel.last)
    spool.close()
    return found


def filled(folder, payloads=PAYLOADS, **options):
    spool = Spool(folder, run_no=7, attempt=1, **options)
    for payload in payloads:
        spool.append(payload)
    return spool


def spool_holding(data, folder):
    """A folder whose only spool consists of these bytes."""
    path = SpoolName(7, 1).inside(folder) / "00000001.spool"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return folder


def only_segment(folder):
    [path] = SpoolName(7, 1).inside(folder).glob("*.spool")
    return path


def test_entries_come_back_in_order_after_reopening(tmp_path):
    """What a trainer leaves behind is what its successor delivers."""
    filled(tmp_path).close()

    assert contents(tmp_path) == PAYLOADS


def test_acknowledged_entries_are_not_read_again(tmp_path):
    """An acknowledged record is in the database; sending it for ever would fill the disk."""
    spool = filled(tmp_path)
    spool.acknowledge(2)
    spool.close()

    assert contents(tmp_path) == PAYLOADS[2:]


def test_an_empty_spool_leaves_nothing_behind(tmp_path):
    """A thousand finished runs must not leave a thousand folders."""
    spool = filled(tmp_path)
    spool.acknowledge(len(PAYLOADS))
    spool.close()

    assert list(tmp_path.iterdir()) == []


def test_the_file_shrinks_when_all_is_acknowledged(tmp_path):
    """A long run reports gigabytes; the disk holds only what is on its way."""
    spool = filled(tmp_path)
    spool.acknowledge(len(PAYLOADS))

    assert only_segment(tmp_path).stat().st_size == 0
    assert spool.append(b"more") == len(PAYLOADS) + 1


def test_a_large_spool_is_cut_into_files_that_go_one_by_one(tmp_path):
    """After a long outage the space comes back while the backlog drains, not only at its end."""
    spool = filled(tmp_path, [bytes([number]) * 100 for number in range(10)], segment_bytes=250)
    files_before = len(list(spool.path.glob("*.spool")))
    spool.acknowledge(5)
    files_after = len(list(spool.path.glob("*.spool")))
    spool.close()

    assert (files_before, files_after) == (4, 3)
    assert contents(tmp_path) == [bytes([number]) * 100 for number in range(5, 10)]


def test_several_small_entries_travel_in_one_parcel(tmp_path):
    """One call for each handful of bytes would spend the writer on overhead."""
    spool = filled(tmp_path, [b"aa", b"bb", b"cc", b"d" * 50])

    assert spool.oldest(6).payload == b"aabbcc"
    spool.acknowledge(3)
    assert spool.oldest(6).payload == b"d" * 50


def test_a_torn_tail_is_dropped_at_every_byte_and_nothing_else(tmp_path):
    """A kill in the middle of a write may cost the entry being written, never an older one."""
    filled(tmp_path).close()
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    ends = list(itertools.accumulate(HEADER_BYTES + len(payload) for payload in PAYLOADS))

    for cut in range(len(whole)):
        folder = spool_holding(whole[:cut], tmp_path / f"cut-{cut}")

        assert contents(folder) == PAYLOADS[: sum(end <= cut for end in ends)]


def test_an_entry_appended_behind_a_torn_tail_is_whole(tmp_path):
    """The successor writes on in the same file; the rubble must not swallow its first entry."""
    filled(tmp_path).close()
    path = only_segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-2])

    spool = Spool(tmp_path, run_no=7, attempt=1)
    torn = spool.recovery.torn_bytes
    spool.append(b"new")
    spool.close()

    assert torn > 0
    assert contents(tmp_path) == [*PAYLOADS[:-1], b"new"]


def test_a_flipped_bit_loses_one_entry_which_is_counted(tmp_path):
    """Damage is detected by CRC at every byte, costs the entry it hit, and is never passed on as data."""
    filled(tmp_path).close()
    whole = only_segment(tmp_path).read_bytes()
    ends = list(itertools.accumulate(HEADER_BYTES + len(payload) for payload in PAYLOADS))

    for place in range(0, ends[-2], 5):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        folder = spool_holding(damaged, tmp_path / f"flip-{place}")
        hit = sum(end <= place for end in ends)

        spool = Spool(folder, run_no=7, attempt=1)
        recovery = spool.recovery
        spool.close()

        assert contents(folder) == PAYLOADS[:hit] + PAYLOADS[hit + 1 :]
        assert (recovery.entries, recovery.damaged) == (len(PAYLOADS) - 1, 1)


def test_damage_behind_our_back_is_noticed_when_reading(tmp_path):
    """A bad sector under a running trainer must not become a wrong weight in the database."""
    spool = filled(tmp_path, [b"a" * 100])
    with only_segment(tmp_path).open("r+b") as file:
        file.seek(60)
        file.write(b"b")

    with pytest.raises(SpoolError, match="damaged"):
        spool.oldest(1000)


def test_a_damaged_acknowledgement_means_sending_again(tmp_path):
    """Sending twice changes nothing; skipping loses. So doubt is settled towards sending."""
    spool = filled(tmp_path)
    spool.acknowledge(2)
    spool.close()
    (SpoolName(7, 1).inside(tmp_path) / "acked").write_bytes(b"rubbish12345")

    assert contents(tmp_path) == PAYLOADS


def test_one_attempt_has_one_owner(tmp_path):
    """Two processes that train the same attempt would mix their records."""
    first = filled(tmp_path)

    with pytest.raises(SpoolError, match="alive"):
        Spool(tmp_path, run_no=7, attempt=1)

    first.close()
    Spool(tmp_path, run_no=7, attempt=1).close()


def test_only_spools_without_an_owner_are_orphaned(tmp_path):
    """The run manager adopts what dead trainers left, and keeps its hands off the living."""
    for run_no, attempt in [(3, 1), (3, 2), (12, 1)]:
        spool = Spool(tmp_path, run_no=run_no, attempt=attempt)
        spool.append(b"left")
        spool.close()
    living = Spool(tmp_path, run_no=3, attempt=2)
    (tmp_path / "something else").mkdir()

    assert orphaned(tmp_path) == [SpoolName(3, 1), SpoolName(12, 1)]
    living.close()


def test_looking_for_orphans_never_disturbs_a_spool_that_is_being_made(tmp_path):
    """The run manager looks while trainings start; neither may see the other as an intruder."""
    stop = threading.Event()

    def adopt():
        while not stop.is_set():
            drain_orphans(tmp_path, lambda run_no, attempt, payload: None)

    adopter = threading.Thread(target=adopt)
    adopter.start()
    try:
        for attempt in range(300):
            spool = Spool(tmp_path, run_no=1, attempt=attempt)
            spool.append(b"first")
            assert spool.oldest(10).payload == b"first"
            spool.acknowledge(1)
            spool.close()
    finally:
        stop.set()
        adopter.join()


def test_a_folder_that_is_not_there_has_no_orphans(tmp_path):
    """The first start of the platform finds no spool folder."""
    assert orphaned(tmp_path / "never made") == []


def test_a_full_disk_is_reported_and_leaves_the_spool_usable(tmp_path, monkeypatch):
    """When space is freed the recording goes on; the entry that failed left no trace."""
    spool = filled(tmp_path, [b"before"])
    really_write = os.pwritev

    def disk_full(descriptor, parts, offset):
        if offset > 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really_write(descriptor, [bytes(parts[0])[:10]], offset)

    monkeypatch.setattr(os, "pwritev", disk_full)
    with pytest.raises(SpoolError, match="No space left"):
        spool.append(b"x" * 1000)
    monkeypatch.undo()
    spool.append(b"after")
    spool.close()

    assert contents(tmp_path) == [b"before", b"after"]


PRODUCER = """
import os, signal, sys
from pathlib import Path
from nntracker_ray.spool import Spool
spool = Spool(Path(sys.argv[1]), run_no=7, attempt=1, segment_bytes=2000)
for number in range(int(sys.argv[2])):
    spool.append(b"%06d" % number * 20)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("count", [0, 1, 300])
def test_what_was_appended_survives_a_sigkill(tmp_path, count):
    """The promise of the spool: once append has returned, killing the trainer loses nothing."""
    ended = subprocess.run([sys.executable, "-c", PRODUCER, str(tmp_path), str(count)], check=False)
    assert ended.returncode == -9

    assert orphaned(tmp_path) == [SpoolName(7, 1)]
    assert contents(tmp_path) == [b"%06d" % number * 20 for number in range(count)]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.binary(min_size=1, max_size=300)),
        st.tuples(st.just("acknowledge"), st.integers(min_value=1, max_value=5)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps=steps)
def test_any_mix_of_appends_acknowledgements_and_restarts_equals_a_queue(tmp_path_factory, steps):
    """The whole spool is a first-in first-out queue that outlives its process."""
    folder, model = tmp_path_factory.mktemp("queue"), []
    spool = Spool(folder, run_no=7, attempt=1, segment_bytes=400)

    for step, argument in steps:
        if step == "append":
            model.append(argument)
            spool.append(argument)
        elif step == "reopen":
            spool.close()
            spool = Spool(folder, run_no=7, attempt=1, segment_bytes=400)
        elif parcel := spool.oldest(argument * 100):
            taken = model[: spool.acknowledge(parcel.last)]
            del model[: len(taken)]
            assert parcel.payload == b"".join(taken)
    spool.close()

    assert contents(folder) == model
