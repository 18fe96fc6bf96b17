"""Every promised format arrives with the values that were written."""

import io
import json
from pathlib import Path

import arff
import numpy as np
import pandas as pd
import pytest

from nntracker_ray.datasets.inference import ColumnKind
from nntracker_ray.errors import DatasetError

DATA = Path(__file__).with_name("data")
TABLE = {
    "count": [1, 2, 3, 4],
    "size": [0.5, -1.25, 3e-7, None],
    "flag": [True, False, True, True],
    "colour": ["red", "grün", None, 'a, "quoted"\nline'],
    "label": ["b", "a", "b", "a"],
}


def as_csv(table):
    return pd.DataFrame(table).to_csv(index=False).encode()


def as_json_lists(table):
    return json.dumps(table).encode()


def as_json_of_pandas(table):
    return pd.DataFrame(table).to_json(double_precision=15).encode()


def as_pickle(table):
    file = io.BytesIO()
    pd.DataFrame(table).to_pickle(file)
    return file.getvalue()


def as_old_pickle(table):
    file = io.BytesIO()
    pd.DataFrame(table).to_pickle(file, protocol=0)
    return file.getvalue()


def as_zipped_pickle(table):
    file = io.BytesIO()
    pd.DataFrame(table).to_pickle(file, compression={"method": "zip", "archive_name": "table.pickle"})
    return file.getvalue()


WRITERS = [as_csv, as_json_lists, as_json_of_pandas, as_pickle, as_old_pickle, as_zipped_pickle]


def texts(stored, name):
    values = stored.values(name)
    return [values.categories[code] if code >= 0 else None for code in values.codes.tolist()]


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
class TestEveryTableFormat:
    def test_keeps_every_value(self, add, write):
        """A changed digit or a swapped row would be learnt as truth."""
        stored = add(write(TABLE))

        assert stored.kind == "table"
        assert stored.rows == 4
        assert stored.values("count").tolist() == TABLE["count"]
        np.testing.assert_array_equal(stored.values("size"), [0.5, -1.25, 3e-7, np.nan])
        assert stored.values("flag").tolist() == TABLE["flag"]
        assert texts(stored, "colour") == TABLE["colour"]
        assert texts(stored, "label") == TABLE["label"]

    def test_names_each_column_s_kind_and_facts(self, add, write):
        """People choose label and features by these."""
        stored = add(write(TABLE))
        kinds = {column.name: column.kind for column in stored.columns}

        assert kinds == {
            "count": ColumnKind.INT,
            "size": ColumnKind.FLOAT,
            "flag": ColumnKind.BINARY,
            "colour": ColumnKind.LABEL,
            "label": ColumnKind.LABEL,
        }
        size, colour = stored.column("size"), stored.column("colour")
        assert (size.minimum, size.maximum, size.missing, size.unique) == (-1.25, 0.5, 1, 3)
        assert (colour.unique, colour.missing, colour.preview[:3]) == (3, 1, ("red", "grün", None))


def test_an_arff_keeps_every_value(add):
    """Nominal attributes are text, `?` is missing, quotes are Weka's."""
    table = {
        "relation": "things",
        "attributes": [
            ("count", "INTEGER"),
            ("size", "REAL"),
            ("the colour", ["red", "dark green"]),
            ("note", "STRING"),
        ],
        "data": [[1, 0.5, "red", "it's"], [2, None, "dark green", None], [3, -1.25, None, "a, b"]],
    }
    stored = add(arff.dumps(table).encode())

    assert stored.values("count").dtype == np.int64
    assert stored.values("count").tolist() == [1, 2, 3]
    np.testing.assert_array_equal(stored.values("size"), [0.5, np.nan, -1.25])
    assert texts(stored, "the colour") == ["red", "dark green", None]
    assert texts(stored, "note") == ["it's", None, "a, b"]


def test_a_sparse_arff_is_filled_with_zeros_and_first_values(add):
    """What a sparse row leaves out is 0, or the first value that a nominal attribute declares."""
    data = b"@relation r\n@attribute a numeric\n@attribute b {x, y}\n@data\n{0 2.5, 1 y}\n{}\n{1 y}\n"
    stored = add(data)

    assert stored.values("a").tolist() == [2.5, 0.0, 0.0]
    assert texts(stored, "b") == ["y", "x", "y"]


NPZ_ARRAYS = {
    "float16": np.arange(6, dtype=np.float16).reshape(2, 3),
    "big endian": np.arange(6, dtype=">f8").reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(24, dtype="u2").reshape(4, 6)[::2, ::2],
    "images": np.arange(2 * 4 * 4 * 3, dtype="u1").reshape(2, 4, 4, 3),
    "booleans": np.array([[True], [False]]),
    "one number": np.array(7),
    "no rows": np.empty((0, 5), "f4"),
    "no columns": np.empty((5, 0), "f4"),
    "extremes": np.array([np.iinfo("i8").min, np.iinfo("i8").max]),
    "not finite": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]),
    "larger than a block": np.arange(400_000.0),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "deflated"])
def test_an_npz_keeps_every_array_with_dtype_and_shape(add, save):
    """Training data of every layout that NumPy writes."""
    file = io.BytesIO()
    save(file, **NPZ_ARRAYS)

    stored = add(file.getvalue())

    assert stored.kind == "arrays"
    assert [column.name for column in stored.columns] == list(NPZ_ARRAYS)
    for name, array in NPZ_ARRAYS.items():
        values = stored.values(name)
        assert values.shape == array.shape
        assert values.dtype == array.dtype.newbyteorder("<")
        np.testing.assert_array_equal(values, array)


def test_an_npz_with_text_labels_is_read_as_text(add):
    """Class names in an NPZ are fixed-width text, as str or as bytes."""
    file = io.BytesIO()
    np.savez(file, x=np.zeros((3, 2)), y=np.array(["cat", "dög", "cat"]), z=np.array([b"a", b"bb", b""]))

    stored = add(file.getvalue())

    assert texts(stored, "y") == ["cat", "dög", "cat"]
    assert texts(stored, "z") == ["a", "bb", ""]


@pytest.mark.parametrize("path", sorted(DATA.glob("pandas*")), ids=lambda path: path.name)
def test_frames_pickled_by_older_pandas_are_read(store, path):
    """Pickles outlive the library that wrote them; these are of pandas 1.5 with NumPy 1.23, pandas 2.2 and 3.1."""
    stored = store.add(str(path))

    assert stored.values("count").tolist() == [1, 2, 3]
    np.testing.assert_array_equal(stored.values("size"), [1.5, 2.0, np.nan])
    assert stored.values("is_big").tolist() == [True, False, True]
    assert texts(stored, "colour") == ["red", "green", None]
    assert texts(stored, "kind") == ["x", "y", "x"]
    assert texts(stored, "when")[0].startswith("2020-01-01")
    assert stored.values("image").shape == (3, 2, 2)
    np.testing.assert_array_equal(stored.values("some"), [1, 2, np.nan])
    assert stored.values("small").dtype == np.int8
    assert texts(stored, "label") == ["a", "b", "a"]


def test_every_kind_of_pandas_column_survives_every_pickle_protocol(add):
    """The allow-list was made from these: a new pandas that writes other names must show here."""
    frame = pd.DataFrame(
        {
            "python text": pd.array(["a", None], dtype="string[python]"),
            "arrow text": pd.array(["a", None], dtype="string[pyarrow]"),
            "objects": np.array(["a", None], dtype=object),
            "uint8": pd.array([1, None], dtype="UInt8"),
            "float32": pd.array([0.5, None], dtype="Float32"),
            "boolean": pd.array([True, None], dtype="boolean"),
            "numbers by category": pd.Categorical([3, 1]),
            "moments": pd.to_datetime(["2020-01-01", None], utc=True),
            "lists": [[1, 2], [3, 4]],
        }
    )
    for index in (None, ["u", "v"], [0.5, 1.5], pd.date_range("2020", periods=2)):
        frame.index = pd.RangeIndex(2) if index is None else pd.Index(index)
        for protocol in range(6):
            file = io.BytesIO()
            frame.to_pickle(file, protocol=protocol)
            stored = add(file.getvalue())

            assert texts(stored, "arrow text") == ["a", None]
            assert stored.values("numbers by category").tolist() == [3, 1]
            assert stored.values("lists").tolist() == [[1, 2], [3, 4]]
            np.testing.assert_array_equal(stored.values("uint8"), [1, np.nan])


def test_json_images_become_one_array(add):
    """Nested lists are how JSON holds images."""
    images = np.arange(3 * 4 * 2).reshape(3, 4, 2)
    stored = add(json.dumps({"image": images.tolist(), "label": [0, 1, 0]}).encode())

    np.testing.assert_array_equal(stored.values("image"), images)


def test_json_rows_are_matched_by_their_label(add):
    """pandas names rows; a column that lists them in another order is still the same table."""
    stored = add(b'{"a": {"0": 1, "1": 2}, "b": {"1": "y", "0": "x"}}')

    assert texts(stored, "b") == ["x", "y"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters_are_recognised(add, delimiter):
    """Spreadsheets write what their country writes."""
    stored = add(delimiter.join("ab").encode() + b"\n" + delimiter.join("12").encode() + b"\n")

    assert stored.values("a").tolist() == [1]
    assert stored.values("b").tolist() == [2]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b"a,b\n1,2",
        b"\n\na,b\n1,2\n\n",
        b"a, b\n1, 2\n",
        b'"a","b"\n"1","2"\n',
    ],
    ids=["byte order mark", "CRLF", "no last newline", "blank lines", "spaces", "quoted"],
)
def test_csv_variants_are_read_alike(add, data):
    """The same table from a spreadsheet, a database and a hand-written file."""
    stored = add(data)

    assert [column.name for column in stored.columns] == ["a", "b"]
    assert stored.values("b").tolist() == [2]


def test_the_row_numbers_that_pandas_writes_are_left_out_and_named(add):
    """`DataFrame.to_csv` adds a nameless column 0, 1, 2 ...: as a feature it would leak the order of the rows."""
    stored = add(pd.DataFrame({"a": [5, 6], "label": [0, 1]}).to_csv().encode())

    assert [column.name for column in stored.columns] == ["a", "label"]
    assert "left out" in stored.notes[0]


@pytest.mark.parametrize("name", ["data.npz", "data.pickle", "data.json", "data"])
def test_the_name_does_not_decide_the_format(add, name):
    """Names and servers are often wrong about what a file is."""
    stored = add(b"a,b\n1,2\n", name)

    assert stored.values("a").tolist() == [1]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"\x1f\x8b\x08\x00aaaa", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\xff\xfea\x00,\x00", "UTF-16"),
        (b"a,b\n1,2,3\n", "every row needs 2"),
        (b"a,a\n1,2\n", "two columns are called 'a'"),
        (b"a,,c\n1,2,3\n", "column 2 has no name"),
        (b"1.5,2\n3.5,4\n", "header row"),
        (b"5,5\n3,4\n", "header row"),
        ("a,b\nä,1\n".encode("latin-1"), "UTF-8"),
        (b"[1, 2]", "by column"),
        (b'{"a": 1}', "by column"),
        (b'{"a": [1], "b": [1, 2]}', "2 rows"),
        (b'{"a": [1, "x"]}', "mixes"),
        (b'{"a": [[1, 2], [3]]}', "shape"),
        (b'{"a": [1], "a": [2]}', "twice"),
        (b'{"a": [99999999999999999999999]}', "64 bits"),
        (b'{"a": [{"b": 1}]}', "dict"),
        (b"@relation r\n@attribute a {x}\n@data\ny\n", "y"),
        (b"@relation r\n@attribute a numeric\n@attribute a numeric\n@data\n1,2\n", "a"),
        (as_pickle({"a": [1]})[:-20], "pickle"),
        (as_zipped_pickle({"a": [1]})[:-30], "cut short"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_cannot_be_read_says_why(add, data, why):
    """The message is all that a person has to mend the file."""
    with pytest.raises(DatasetError) as refused:
        add(data)
    assert why in str(refused.value)
    assert str(refused.value).startswith("file: ")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (pd.DataFrame({"a": pd.to_timedelta([1], unit="s")}), "Timedelta"),
        (pd.DataFrame({"a": [1 + 2j]}), "complex"),
        (pd.DataFrame({"a": [1, "x"]}), "mixes"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "twice"),
        (pd.DataFrame({"a": [np.zeros(2), np.zeros(3)]}), "shape"),
        (pd.Series([1, 2]), "Series"),
        ({"a": [1]}, "dict"),
        (np.zeros(3), "ndarray"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_pickle_of_something_else_says_what_it_is(add, frame, why):
    """Harmless pickles outside the promise are refused by name too."""
    file = io.BytesIO()
    pd.to_pickle(frame, file)

    with pytest.raises(DatasetError, match=why):
        add(file.getvalue())
