"""What runs print, into the table: packed and merged as metrics are."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from nntracker_ray.records import Batch, LogLine
from nntracker_ray.storage.binary_copy import microseconds, text_field
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.merging import Target, copy_or_merge

COLUMNS = ("run_no", "attempt", "line_no", "source", "level", "text", "time")
TARGET = Target("run_log", COLUMNS, merge="merge_log_lines")
_PLACE = struct.Struct(">hiiiiii")  # number of fields, then run_no, attempt, line_no, each after its length

_Key = tuple[int, int, int]  # run_no, attempt, line_no


def write_log(connection: Connection, batches: Sequence[Batch]) -> None:
    """Merge every LogLine of the batches into `run_log`; of one that came twice the later counts."""
    lines = _newest_by_key(batches)
    if lines:
        copy_or_merge(connection, TARGET, lambda: (_packed(key, line) for key, line in lines.items()))


def _newest_by_key(batches: Sequence[Batch]) -> dict[_Key, LogLine]:
    newest: dict[_Key, LogLine] = {}
    for batch in batches:
        for line in batch.records:
            if isinstance(line, LogLine):
                key = (batch.run_no, batch.attempt, line.line_no)
                if line.measured_at >= newest.setdefault(key, line).measured_at:
                    newest[key] = line
    return newest


def _packed(key: _Key, line: LogLine) -> bytes:
    run_no, attempt, line_no = key
    texts = text_field(line.source) + text_field(line.level) + text_field(line.text)
    moment = struct.pack(">iq", 8, microseconds(line.measured_at))
    return _PLACE.pack(len(COLUMNS), 4, run_no, 4, attempt, 4, line_no) + texts + moment
