"""Which checkpoints stay, and which go when there are too many or they are too large."""

from __future__ import annotations

from checkpoint_kit import info
from hypothesis import given
from hypothesis import strategies as st

from nntracker_ray.checkpoints.retention import surplus
from nntracker_ray.records import CheckpointPolicy

names = st.sampled_from(
    ["last", "best", "origin", *(f"epoch-{e:04}" for e in range(9)), *(f"pause-{s}" for s in range(9))]
)
sets = st.dictionaries(names, st.tuples(st.integers(0, 99), st.integers(1, 50)), max_size=20)


def removed(infos, **policy):
    return [one.name for one in surplus(infos, CheckpointPolicy(**policy))]


def test_the_newest_of_each_kind_stay():
    """Pauses do not push out the epochs that somebody asked to keep."""
    epochs = [info(f"epoch-{epoch:04}", 10 * (epoch + 1)) for epoch in range(5)]
    pauses = [info("pause-7", 7), info("pause-33", 33)]

    assert removed([*epochs, *pauses], keep=2) == ["epoch-0000", "epoch-0001", "epoch-0002"]


def test_too_many_bytes_go_oldest_first():
    """The limit counts all that is kept but the last one, which the run needs to go on."""
    infos = [info("epoch-0000", 10), info("pause-15", 15), info("best", 20), info("last", 30, size=10**9)]

    assert removed(infos, keep=9, max_bytes=300) == []
    assert removed(infos, keep=9, max_bytes=250) == ["epoch-0000"]
    assert removed(infos, keep=9, max_bytes=1) == ["epoch-0000", "pause-15"]


@given(kept=sets, keep=st.integers(1, 5), limit=st.none() | st.integers(1, 500))
def test_what_a_run_needs_is_never_removed(kept, keep, limit):
    """Whatever the policy: last, best and origin stay, and what stays obeys it."""
    infos = [info(name, steps, size) for name, (steps, size) in kept.items()]

    gone = surplus(infos, CheckpointPolicy(keep=keep, max_bytes=limit))

    left = [one for one in infos if one not in gone]
    assert len({one.name for one in gone}) == len(gone)
    assert not {"last", "best", "origin"} & {one.name for one in gone}
    assert all(sum(one.kind == kind for one in left) <= keep for kind in ("epoch", "pause"))
    if limit is not None and any(one.kind in ("epoch", "pause") for one in left):
        assert sum(one.bytes for one in left if one.kind != "last") <= limit
