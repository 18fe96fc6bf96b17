import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntracker_ray.errors import BadInputError
from nntracker_ray.folds import split_indices
from nntracker_ray.records import SplitSpec

SEEDS = st.integers(0, 2**31 - 1)
FOLD_KINDS = ("k-fold", "stratified", "group")


@st.composite
def problems(draw, kinds=FOLD_KINDS):
    """A split and data that allow it: spec, rows, labels, groups."""
    kind, count = draw(st.sampled_from(kinds)), draw(st.integers(2, 6))
    members = draw(st.lists(st.integers(count + 1, 15), min_size=1, max_size=4))
    labels = np.random.default_rng(draw(SEEDS)).permutation(np.repeat(np.arange(len(members)), members))
    rows = len(labels)
    groups = np.arange(rows) % draw(st.integers(count, max(count, rows // 2)))
    return SplitSpec(kind, count, draw(SEEDS), group="g"), rows, labels, groups


class TestEveryKindOfFolds:
    @settings(deadline=None)
    @given(problem=problems())
    def test_holds_every_row_out_exactly_once(self, problem):
        """The mean over folds is a mean over all the data."""
        spec, rows, labels, groups = problem

        splits = split_indices(spec, rows=rows, labels=labels, groups=groups)

        assert len(splits) == spec.count
        assert np.array_equal(np.sort(np.concatenate([s.held_out for s in splits])), np.arange(rows))

    @settings(deadline=None)
    @given(problem=problems((*FOLD_KINDS, "time-series", "hold-out", "none")))
    def test_never_trains_on_what_it_holds_out(self, problem):
        """Leakage would make every result too good."""
        spec, rows, labels, groups = problem

        for split in split_indices(spec, rows=rows, labels=labels, groups=groups):
            assert not np.intersect1d(split.train, split.held_out).size
            assert split.train.size
            assert split.train.dtype == split.held_out.dtype == np.int64
            assert np.all(np.diff(split.train) > 0)
            assert np.all(np.diff(split.held_out) > 0)

    @settings(deadline=None)
    @given(problem=problems())
    def test_trains_on_all_the_rest(self, problem):
        """Rows that are in neither part would be lost in silence."""
        spec, rows, labels, groups = problem

        for split in split_indices(spec, rows=rows, labels=labels, groups=groups):
            assert len(split.train) + len(split.held_out) == rows

    @settings(deadline=None)
    @given(problem=problems((*FOLD_KINDS, "time-series", "hold-out")))
    def test_is_the_same_each_time(self, problem):
        """The worker cuts again what the submission cut."""
        spec, rows, labels, groups = problem

        first, second = (split_indices(spec, rows=rows, labels=labels, groups=groups) for _ in range(2))

        for one, other in zip(first, second, strict=True):
            assert np.array_equal(one.train, other.train)
            assert np.array_equal(one.held_out, other.held_out)


class TestKFold:
    @settings(deadline=None)
    @given(rows=st.integers(2, 200), count=st.integers(2, 10), seed=SEEDS)
    def test_parts_differ_by_at_most_one(self, rows, count, seed):
        """Folds of very different size cannot be averaged fairly."""
        if rows < count:
            rows += count

        sizes = [len(s.held_out) for s in split_indices(SplitSpec("k-fold", count, seed), rows=rows)]

        assert max(sizes) - min(sizes) <= 1

    def test_another_seed_cuts_elsewhere(self):
        """Else the seed of the split would be a lie."""
        one, other = (split_indices(SplitSpec("k-fold", 2, seed), rows=100)[0].held_out for seed in (0, 1))

        assert not np.array_equal(one, other)


class TestStratified:
    @settings(deadline=None)
    @given(problem=problems(("stratified",)))
    def test_spreads_each_class_within_one(self, problem):
        """A fold without a class would measure something else than the others."""
        spec, rows, labels, _ = problem

        splits = split_indices(spec, rows=rows, labels=labels)

        counts = np.array([np.bincount(labels[s.held_out], minlength=labels.max() + 1) for s in splits])
        assert np.all(counts.max(axis=0) - counts.min(axis=0) <= 1)

    @pytest.mark.parametrize("form", ["one-hot", "column", "text", "float", "negative"])
    def test_takes_labels_in_every_form_that_datasets_have(self, form):
        """The same classes, however written, are cut the same way."""
        classes = np.tile([0, 1, 2], 10)
        written = {
            "one-hot": np.eye(3)[classes],
            "column": classes[:, None],
            "text": np.array(["a", "b", "c"])[classes],
            "float": classes.astype(np.float32),
            "negative": classes - 1,
        }[form]
        spec = SplitSpec("stratified", 5, 3)

        expected = split_indices(spec, rows=30, labels=classes)
        found = split_indices(spec, rows=30, labels=written)

        assert all(np.array_equal(a.held_out, b.held_out) for a, b in zip(found, expected, strict=True))

    @pytest.mark.parametrize(
        ("labels", "said"),
        [
            (None, "need labels"),
            (np.array([0.5, 1.5, 2.5, 3.5]), "measured numbers"),
            (np.array([np.nan, 1.0, 2.0, 3.0]), "measured numbers"),
            (np.zeros((4, 2, 2)), r"shape \(4, 2, 2\)"),
            (np.array([0, 0, 0, 1]), "has 1"),
        ],
    )
    def test_refuses_labels_that_are_no_classes_or_too_rare(self, labels, said):
        """Saying what is wrong with the labels."""
        with pytest.raises(BadInputError, match=said):
            split_indices(SplitSpec("stratified", 2, 0), rows=4, labels=labels)


class TestGroups:
    @settings(deadline=None)
    @given(problem=problems(("group",)))
    def test_are_never_on_both_sides(self, problem):
        """Images of one patient in both parts would measure memory."""
        spec, rows, _, groups = problem

        for split in split_indices(spec, rows=rows, groups=groups):
            assert not set(groups[split.train]) & set(groups[split.held_out])

    def test_may_be_named(self):
        """Patient numbers are often text."""
        groups = np.array(["ann", "bob", "cem"] * 4)

        splits = split_indices(SplitSpec("group", 3, 0, group="patient"), rows=12, groups=groups)

        assert sorted(len(split.held_out) for split in splits) == [4, 4, 4]

    @pytest.mark.parametrize(
        ("groups", "said"),
        [(None, "folds.group"), (np.zeros(9), "has 1"), (np.arange(8), "9 rows came with 8")],
    )
    def test_must_be_there_and_enough(self, groups, said):
        """Saying how many are needed."""
        with pytest.raises(BadInputError, match=said):
            split_indices(SplitSpec("group", 3, 0), rows=9, groups=groups)


class TestTimeSeries:
    @settings(deadline=None)
    @given(rows=st.integers(3, 200), count=st.integers(2, 8), seed=SEEDS)
    def test_never_trains_on_the_future(self, rows, count, seed):
        """Tomorrow's rows are not known today."""
        rows += count

        splits = split_indices(SplitSpec("time-series", count, seed), rows=rows)

        for split in splits:
            assert split.train.max() + 1 == split.held_out.min()
            assert np.array_equal(split.train, np.arange(len(split.train)))
        assert [len(s.train) for s in splits] == sorted({len(s.train) for s in splits})
        assert splits[-1].held_out.max() == rows - 1


class TestHoldOut:
    @settings(deadline=None)
    @given(rows=st.integers(2, 500), share=st.floats(0, 0.999), seed=SEEDS)
    def test_holds_out_its_share_and_leaves_a_row_each_side(self, rows, share, seed):
        """Neither part may be empty, however small the data."""
        (split,) = split_indices(SplitSpec("hold-out", 1, seed, validation_share=share), rows=rows)

        assert len(split.held_out) == min(max(round(rows * share), 1), rows - 1)
        assert len(split.train) + len(split.held_out) == rows

    def test_shuffles(self):
        """Data sorted by class would else be validated on one class."""
        (split,) = split_indices(SplitSpec("hold-out", 1, 0), rows=100)

        assert split.held_out.min() < 80


class TestNone:
    def test_holds_nothing_out(self):
        """A validation set was given, or none is wanted."""
        (split,) = split_indices(SplitSpec("none", 1, 0), rows=5)

        assert split.train.tolist() == [0, 1, 2, 3, 4]
        assert split.held_out.tolist() == []


class TestImpossibleSplits:
    @pytest.mark.parametrize(
        ("kind", "rows", "needed"),
        [("k-fold", 4, 5), ("time-series", 5, 6), ("stratified", 4, 5), ("group", 4, 5)],
    )
    def test_of_too_few_rows_say_how_many_are_needed(self, kind, rows, needed):
        """Before anything runs."""
        with pytest.raises(BadInputError, match=f"need at least {needed} rows; the data has {rows}"):
            split_indices(SplitSpec(kind, 5, 0), rows=rows, labels=np.zeros(rows), groups=np.arange(rows))

    @pytest.mark.parametrize("kind", ["hold-out"])
    def test_of_one_row_are_refused(self, kind):
        """One row cannot be on two sides."""
        with pytest.raises(BadInputError, match="at least 2 rows"):
            split_indices(SplitSpec(kind, 1, 0), rows=1)

    def test_of_an_unknown_kind_name_the_known_ones(self):
        """A spec from a newer version, say."""
        with pytest.raises(BadInputError, match="known: k-fold, stratified"):
            split_indices(SplitSpec("bootstrap", 2, 0), rows=9)
