"""Measured numbers as CSV, exact to the bit, and as Parquet for whoever works on with them."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from nntracker_ray.archive.exact_numbers import number_text
from nntracker_ray.archive.layout import METRIC_COLUMNS
from nntracker_ray.storage.archive_queries import Point

if TYPE_CHECKING:
    import pyarrow as pa

Pages = Callable[[], Iterable[Sequence[Point]]]
HELD_BYTES: Final = 8 * 1024 * 1024  # of Parquet in memory; more waits on disk
_COPY_BYTES: Final = 256 * 1024
_VALUE: Final = METRIC_COLUMNS.index("value")
_TIME: Final = METRIC_COLUMNS.index("time")


class MetricFiles:
    """Both files of one run, from one reading of the database: the CSV first, the Parquet waits beside it."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        # Closed with the Parquet file, or when nobody wants it any more.
        self._parquet = tempfile.SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115

    def write_csv(self, file: IO[bytes]) -> Iterator[None]:
        """The rows as text, a header first; times in ISO 8601, UTC."""
        import pyarrow.parquet as pq

        schema = parquet_schema()
        with pq.ParquetWriter(self._parquet, schema, compression="zstd") as parquet:
            file.write(_csv([METRIC_COLUMNS]))
            for page in self._pages():
                file.write(_csv(map(_texts, page)))
                parquet.write_table(_table(page, schema))
                yield

    def write_parquet(self, file: IO[bytes]) -> Iterator[None]:
        """The same rows, once `write_csv` has seen them all."""
        with self._parquet as parquet:
            parquet.seek(0)
            while block := parquet.read(_COPY_BYTES):
                file.write(block)
                yield


def parquet_schema() -> pa.Schema:
    """The columns of the Parquet file."""
    import pyarrow as pa

    text, moment = pa.string(), pa.timestamp("us", tz="UTC")
    kinds = [text, text, text, pa.int32(), pa.int64(), pa.float64(), moment, pa.int32()]
    return pa.schema(list(zip(METRIC_COLUMNS, kinds, strict=True)))


def copied(source: IO[bytes], target: IO[bytes]) -> None:
    """Everything of one file into another."""
    shutil.copyfileobj(source, target, _COPY_BYTES)


def _table(page: Sequence[Point], schema: pa.Schema) -> Any:
    import pyarrow as pa

    columns = list(zip(*page, strict=True)) or [()] * len(METRIC_COLUMNS)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _texts(point: Point) -> list[Any]:
    row: list[Any] = list(point)
    row[_VALUE], row[_TIME] = number_text(point.value), point.time.isoformat()
    return row


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    # With other ends of lines the writer does not quote a lone carriage return.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
