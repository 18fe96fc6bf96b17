"""CSV, ARFF and JSON files that would exhaust their parser, or that mean nothing."""

import pytest

COLUMNS = 1_000_000
TABLES = {
    "CSV of a million columns": (
        lambda: b",".join(b"c%d" % i for i in range(COLUMNS)) + b"\n" + b"1," * (COLUMNS - 1) + b"1\n",
        "first row is longer",
    ),
    "CSV of 20,000 short columns": (lambda: b"," * 20_000 + b"\n1\n", "columns or more"),
    "CSV cell of 30 MB": (lambda: b"a,b\n" + b"x" * 30_000_000 + b",1\n", "is longer than"),
    "CSV quoted cell of 30 MB": (lambda: b'a,b\n"' + b"x,\n" * 10_000_000 + b'",1\n', "is longer than"),
    "CSV quote never closed": (lambda: b'a,b\n1,"2\n' + b"3,4\n" * 500_000, "is longer than"),
    "CSV header of 2 MB": (lambda: b"x" * 2_000_000 + b"\n1\n", "first row is longer"),
    "CSV of 100 million rows of 10,000 columns": (
        lambda: b",".join(b"c%d" % i for i in range(9_999)) + b"\n" * 30_000,
        "cells",
    ),
    "CSV with NUL": (lambda: b"a,b\n1,\x002\n", "NUL"),
    "CSV with a late NUL": (lambda: b"a,b\n" + b"1,2\n" * 400_000 + b"\x00", "NUL byte at byte 1600004"),
    "CSV longer rows": (lambda: b"a,b\n" + b"1,2\n" * 1_000 + b"1,2,3\n", "every row needs 2"),
    "CSV late wrong encoding": (lambda: b"a,b\n" + b"1,2\n" * 1_000 + b"\xff,1\n", "UTF-8"),
    "CSV header only quotes": (lambda: b'"""""","\n', ""),
    "CSV name of 5,000 letters": (lambda: b"a" * 5_000 + b",b\n1,2\n", "characters"),
    "CSV name with control characters": (lambda: b"a\x1b[31m,b\n1,2\n", "control characters"),
    "random bytes": (lambda: bytes((i * 7919 + (i >> 3)) % 255 + 1 for i in range(5_000)), ""),
    "ARFF sparse bomb": (
        lambda: (
            b"@relation r\n"
            + b"".join(b"@attribute a%d numeric\n" % i for i in range(9_999))
            + b"@data\n"
            + b"{0 1}\n" * 200_000
        ),
        "attributes",
    ),
    "ARFF of 20,000 attributes": (
        lambda: (
            b"@relation r\n" + b"".join(b"@attribute a%d numeric\n" % i for i in range(20_000)) + b"@data\n"
        ),
        "attributes",
    ),
    "ARFF line of 3 MB": (
        lambda: b"@relation r\n@attribute a string\n@data\n'" + b"x" * 3_000_000 + b"'\n",
        "line",
    ),
    "ARFF place outside": (
        lambda: b"@relation r\n@attribute a numeric\n@data\n{999999999 1}\n",
        "cannot be read",
    ),
    "ARFF negative place": (lambda: b"@relation r\n@attribute a numeric\n@data\n{-1 1}\n", "cannot be read"),
    "ARFF with NUL": (lambda: b"@relation r\n@attribute a numeric\n@data\n\x00\n", "NUL"),
    "ARFF dates": (lambda: b"@relation r\n@attribute a date 'yyyy'\n@data\n2020\n", "cannot be read"),
    "ARFF relational": (lambda: b"@relation r\n@attribute a relational\n@data\n1\n", "cannot be read"),
    "ARFF word for a number": (lambda: b"@relation r\n@attribute a numeric\n@data\nabc\n", "cannot be read"),
    "ARFF too many cells": (lambda: b"@relation r\n@attribute a numeric\n@data\n1,2,3\n", "cannot be read"),
    "ARFF without attributes": (lambda: b"@relation r\n@data\n1\n", "cannot be read"),
    "ARFF quotes against regular expressions": (
        lambda: b"@relation r\n@attribute a string\n@data\n" + b"'" + b"\\'" * 100_000 + b"\n",
        "cannot be read",
    ),
    "JSON nested lists": (lambda: b"[" * 100_000 + b"]" * 100_000, "nested"),
    "JSON nested objects": (lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested"),
    "JSON nested inside a column": (
        lambda: b'{"a": [' + b"[" * 900 + b"1" + b"]" * 900 + b"]}",
        "nested|list",
    ),
    "JSON without end": (lambda: b'{"a": [1, 2', "no JSON"),
    "JSON twice": (lambda: b'{"a": [1]}{"a": [2]}', "no JSON"),
    "JSON number of a million digits": (lambda: b'{"a": [' + b"9" * 1_000_000 + b"]}", "no JSON|64 bits"),
    "JSON text of 2 MB": (lambda: b'{"a": ["' + b"x" * 2_000_000 + b'"]}', "text of"),
    "JSON half a character": (lambda: b'{"a": ["\\ud800"]}', "not Unicode"),
    "JSON name of nothing": (lambda: b'{"": [1]}', "no name"),
    "JSON name with control characters": (lambda: b'{"a\\u0000": [1]}', "control characters"),
    "JSON of columns without rows": (
        lambda: b"{" + b",".join(b'"c%d":[]' % i for i in range(20_000)) + b"}",
        "columns",
    ),
    "JSON nothing": (lambda: b"{}", "nothing"),
    "JSON columns that are text": (lambda: b'{"a": "b"}', "no column"),
    "JSON rows of other names": (lambda: b'{"a": {"0": 1}, "b": {"1": 1}}', "different rows"),
    "JSON wrong encoding": (lambda: b'{"a": ["\xff"]}', "no JSON"),
    "JSON lists of text": (lambda: b'{"a": [["x"]]}', "list of"),
    "JSON lists with nothing": (lambda: b'{"a": [[null]]}', "list of"),
}
FAST = ("CSV of a million columns", "CSV cell of 30 MB", "ARFF sparse bomb", "JSON nested lists")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else (pytest.mark.slow,)) for name in TABLES]
)
def test_a_table_that_would_exhaust_its_parser_or_means_nothing_is_refused(refused, name):
    """Small text files have kept machines busy for hours."""
    make, why = TABLES[name]

    error = refused(make())

    assert any(part in str(error) for part in why.split("|")), str(error)
    assert "exit code" not in str(error)


def test_a_number_beyond_floats_is_kept_as_infinity_and_counted(add):
    """1e400 is a number to a person; training on the infinity that it becomes must be refused by name, later."""
    stored = add(b"a,b\n1e400,1\n2,2\n")

    assert stored.column("a").infinite == 1
    assert stored.column("a").maximum == 2.0
