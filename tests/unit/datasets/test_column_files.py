"""Headers and parts of unknown origin: every input is understood or refused, none does anything else."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.formats import reader
from nntracker_ray.datasets.formats.csv_scan import check_body, read_header
from nntracker_ray.datasets.inference import ColumnKind, describe_numbers, describe_text
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.parts import Part, TextValues, checked_part, decoded, mapped, text_values
from nntracker_ray.datasets.sniff import HEAD_BYTES, Format, sniff
from nntracker_ray.errors import DatasetError

NUMBERS = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(),
        hnp.unsigned_integer_dtypes(),
        hnp.floating_dtypes(sizes=(16, 32, 64)),
    ),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0),
)
IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
MAGIC = st.sampled_from(
    [b"", b"PK\x03\x04", b"\x80\x04", b"{", b"@relation r\n", b"a,b\n", b"\x93NUMPY", b"%\n", b"cos\n"]
)


@given(MAGIC, st.binary(max_size=500))
def test_any_beginning_is_a_format_or_refused(magic, rest):
    """The only look that the unconfined process takes at a file must not be able to fail otherwise."""
    try:
        assert sniff(magic + rest) in Format
    except DatasetError:
        return


@pytest.mark.parametrize(
    "data", [b" " * HEAD_BYTES, b"%\n" * (HEAD_BYTES // 2), b" %" * (HEAD_BYTES // 2), b"(" * HEAD_BYTES]
)
def test_looking_at_a_file_takes_no_time(data):
    """Patterns that go back and forth over the input can take for ever; this would run into the test's time limit."""
    try:
        sniff(data)
    except DatasetError:
        return


@IN_ONE_FOLDER
@given(array=NUMBERS)
def test_numbers_come_back_from_a_part_as_they_went_in(tmp_path, array):
    """Every dtype, shape and bit."""
    path = tmp_path / "columns"
    with path.open("wb") as file:
        writer = ColumnWriter(file, Limits())
        writer.add_numbers("before", np.zeros(3, "u1"))
        writer.add_numbers("a", array)
    with path.open("rb") as file:
        part = checked_part(file, writer.columns[1].parts[0])

    found = mapped(path, part)
    assert found.shape == array.shape
    assert found.tobytes() == np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()


@IN_ONE_FOLDER
@given(
    values=st.lists(
        st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)), max_size=20
    )
)
def test_text_comes_back_as_it_went_in(tmp_path, values):
    """Every character, the empty text, and the missing one."""
    from nntracker_ray.datasets.formats.python_lists import add_texts

    path = tmp_path / "columns"
    with path.open("wb") as file:
        writer = ColumnWriter(file, Limits())
        add_texts("a", values, writer)
    with path.open("rb") as file:
        found = text_values(path, [checked_part(file, part) for part in writer.columns[0].parts])

    assert [found.categories[code] if code >= 0 else None for code in found.codes.tolist()] == values
    assert describe_text("a", found).missing == values.count(None)


@IN_ONE_FOLDER
@given(
    data=st.binary(max_size=300),
    offset=st.integers(-10, 400),
    length=st.integers(-10, 400),
    has_magic=st.booleans(),
)
def test_a_part_that_a_subverted_reader_invents_is_refused(tmp_path, data, offset, length, has_magic):
    """What the confined process says about its result is checked before anything is mapped."""
    path = tmp_path / "columns"
    path.write_bytes((b"\x93NUMPY\x01\x00" if has_magic else b"") + data)
    with path.open("rb") as file:
        try:
            part = checked_part(file, Part(offset, length))
        except DatasetError:
            return
    assert part.offset + mapped(path, part).nbytes <= path.stat().st_size


@pytest.mark.parametrize(
    ("offsets", "content"),
    [
        ([0, 5], b"abc"),
        ([1, 3], b"abc"),
        ([0, 2, 1, 3], b"abc"),
        ([], b""),
        ([0, 1], b"\xff"),
        ([-1, 3], b"abc"),
    ],
)
def test_text_offsets_out_of_order_are_refused(offsets, content):
    """An offset outside the text would be read as somebody else's memory in other languages, as nonsense in ours."""
    with pytest.raises(DatasetError):
        decoded(np.array(offsets, np.int64), np.frombuffer(content, np.uint8))


@given(header=st.binary(max_size=300), body=st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_pass_the_csv_scan_or_are_refused(header, body):
    """The scan stands before the parser and must not be its weaker part."""
    source = io.BytesIO(header + b"\n" + body)
    try:
        found = read_header(source, Limits())
        check_body(source, found, Limits(cell_bytes=50))
    except DatasetError:
        return
    assert found.names


# Damaged pickles could crash the process that reads them: they are tried in tests/integration, confined.
@pytest.mark.parametrize("kind", [Format.NPZ, Format.CSV, Format.ARFF, Format.JSON])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_file_of_any_format_is_read_or_refused(kind, data):
    """Readers run confined, but their refusals should be reasons and not accidents."""
    read, specimen = reader(kind)
    damaged = bytearray(specimen)
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    limits = Limits(result_bytes=10**6)
    try:
        read(io.BytesIO(bytes(damaged)), ColumnWriter(io.BytesIO(), limits), limits)
    except (DatasetError, ArithmeticError, LookupError, MemoryError, TypeError, ValueError):
        return  # every one becomes a refusal; an OSError or a crash would be an attempt to get out, or a bug


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([0, 1, 1]), ColumnKind.BINARY),
        (np.array([True, False]), ColumnKind.BINARY),
        (np.array([0, 0]), ColumnKind.INT),
        (np.array([0, 1, 2]), ColumnKind.INT),
        (np.array([0.0, 1.0]), ColumnKind.FLOAT),
        (np.zeros((2, 3), "u1"), ColumnKind.INT),
        (np.empty(0), ColumnKind.FLOAT),
    ],
)
def test_the_kind_of_a_column_is_inferred_from_dtype_and_values(values, kind):
    """Only integers of which both 0 and 1 occur are a yes or no."""
    assert describe_numbers("a", values).kind is kind


def test_the_facts_of_a_column_leave_out_what_is_missing():
    """A range that ends at NaN says nothing."""
    info = describe_numbers("a", np.array([np.nan, 3.0, -np.inf, 1.0, 3.0, 2.0, 9.0]))

    assert (info.minimum, info.maximum, info.missing, info.infinite, info.unique) == (1.0, 9.0, 1, 1, 5)
    assert info.preview == (None, 3.0, "-inf", 1.0, 3.0)


def test_the_facts_of_large_integers_are_exact():
    """Digits lost here would be shown as if they were data."""
    info = describe_numbers("a", np.array([2**63 - 1, -(2**63)]))

    assert (info.minimum, info.maximum) == (-(2**63), 2**63 - 1)


@given(NUMBERS)
def test_the_facts_agree_with_numpy_for_any_array(array):
    """They are computed block by block; the whole must come to the same."""
    info = describe_numbers("a", array)
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array

    assert info.missing == int(np.isnan(array).sum() if array.dtype.kind == "f" else 0)
    assert info.minimum == (finite.min().item() if finite.size else None)
    assert info.maximum == (finite.max().item() if finite.size else None)


def test_a_text_column_shows_its_first_values():
    """People recognise a column by its values."""
    info = describe_text("a", TextValues(np.array([1, -1, 0], np.int32), ("x", "y")))

    assert info.preview == ("y", None, "x")
    assert (info.unique, info.missing, info.kind) == (2, 1, ColumnKind.LABEL)
