"""What one dataset file may cost. Everything beyond is refused, with the limit in the message."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on one dataset; the defaults suit a machine with 16 GiB."""

    file_bytes: int = 2 * GIB  # size of the file as given or fetched
    result_bytes: int = 8 * GIB  # all arrays together, once read
    memory_bytes: int = 4 * GIB  # address space the reader may add to what it has at its start
    cpu_s: int = 120  # processor time of the reader
    wall_s: float = 300.0  # elapsed time of the reader
    archive_members: int = 10_000  # files in a zip or NPZ
    archive_ratio: int = 200  # declared size / compressed size, counted once `archive_ratio_from` is passed
    archive_ratio_from: int = 16 * MIB  # small constant arrays compress a thousandfold and harm nobody
    columns: int = 10_000  # of a table
    cells: int = 200_000_000  # rows x columns of a table
    cell_bytes: int = 1_000_000  # one cell of a table
    header_bytes: int = MIB  # the header row of a CSV file
    parsed_text_bytes: int = 256 * MIB  # JSON and ARFF, which grow about tenfold as Python objects
    name_chars: int = 500  # a column's or array's name
    report_bytes: int = 32 * MIB  # what the reader may say about its result
