"""The program of the confined process: reads one dataset file into columns.

    python -I read_dataset.py JOB      JOB: JSON with the fields of `Job`

It loads what the format needs, locks itself in, and only then looks at the file. Its answer goes to standard output
as JSON: {"measures", "columns", "notes"} or {"measures", "refused": {"unsafe", "message"}}.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # `-I` leaves out every folder that a user could have filled
    sys.path.append(str(Path(__file__).parents[3]))

from nntracker_ray.datasets.column_writer import ColumnWriter
from nntracker_ray.datasets.confinement.lockdown import Allowance, Measures, lock_down
from nntracker_ray.datasets.formats import Reader, reader
from nntracker_ray.datasets.limits import Limits
from nntracker_ray.datasets.sniff import Format
from nntracker_ray.errors import DatasetError, UnsafeFileError

_CAN_RUN_CODE = (Format.PICKLE, Format.ZIPPED_PICKLE)


@dataclass(frozen=True, slots=True)
class Job:
    """What the confined process is to do; file descriptors are those it inherited."""

    kind: Format
    source: int  # the dataset file, open for reading
    result: int  # the file for the columns, open for writing
    empty_folder: int  # becomes the root of the file system
    limits: Limits


def main(text: str) -> None:
    """Do the job and print the answer."""
    warnings.simplefilter("ignore")
    fields = json.loads(text)
    job = Job(**{**fields, "kind": Format(fields["kind"]), "limits": Limits(**fields["limits"])})
    read, specimen = reader(job.kind)
    _rehearse(read, specimen, job.limits)
    measures = lock_down(_allowance(job.limits), job.empty_folder)
    answer = {"measures": asdict(measures), **_answer(job, read, measures)}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # The interpreter's own tidying up is of no use to anybody, and costs time after a gigabyte of objects.
    os._exit(0)


def _allowance(limits: Limits) -> Allowance:
    return Allowance(limits.memory_bytes, limits.cpu_s, limits.result_bytes + limits.report_bytes)


def _rehearse(read: Reader, specimen: bytes, limits: Limits) -> None:
    """Read a good file once: libraries load parts of themselves on first use, which is impossible later."""
    read(BytesIO(specimen), ColumnWriter(BytesIO(), limits), limits)
    json.dumps({})
    _refusal(UnsafeFileError("rehearsal"))


def _answer(job: Job, read: Reader, measures: Measures) -> dict[str, Any]:
    try:
        _check_locks(job.kind, measures)
        with open(job.source, "rb") as source, open(job.result, "wb") as result:  # noqa: PTH123 - descriptors
            writer = ColumnWriter(result, job.limits)
            read(source, writer, job.limits)
        return {"columns": [asdict(column) for column in writer.columns], "notes": writer.notes}
    except BaseException as error:  # a hostile file may raise anything; every way out is an answer
        return _refusal(error)


def _check_locks(kind: Format, measures: Measures) -> None:
    if kind in _CAN_RUN_CODE and "seccomp" not in measures.holding:
        why = measures.missing.get("seccomp")
        raise UnsafeFileError(
            f"pickles are read only where seccomp holds ({why}); save the table as CSV or NPZ"
        )


def _refusal(error: BaseException) -> dict[str, Any]:
    unsafe = isinstance(error, UnsafeFileError | MemoryError | RecursionError)
    if isinstance(error, DatasetError):
        message = str(error)
    elif isinstance(error, MemoryError):
        message = "reading it needs more memory than allowed; save it as NPZ or use a smaller dataset"
    elif isinstance(error, RecursionError):
        message = "it is nested too deeply"
    else:
        message = f"it cannot be read ({type(error).__name__}: {error})"
    return {"refused": {"unsafe": unsafe, "message": message}}


if __name__ == "__main__":
    main(sys.argv[1])
