"""`nntracker checkpoints`: what there is of a run, and one of them as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.tables import slim_table
from nntracker_ray.checkpoints.forms import Form, checkpoint_name, form_of_suffix
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.client.api import Api
from nntracker_ray.client.reading import run_called
from nntracker_ray.client.recorded import download_checkpoint as download
from nntracker_ray.plain_values import plain
from nntracker_ray.progress_bars import format_value


def list_checkpoints(api: Api, word: str, *, as_json: bool) -> None:
    """Print the checkpoints of a run. Raises: NotFoundError, BadInputError: No run is meant, or several are."""
    found = api.read(list[CheckpointInfo], f"/api/runs/{run_called(api, word)}/checkpoints")
    if as_json:
        print(json.dumps(plain([asdict(one) for one in found]), indent=2, allow_nan=False))
    elif found:
        Console().print(checkpoints_table(found))
    else:
        print("no checkpoint yet; the first is written while the run trains")


def download_checkpoint(api: Api, word: str, name: str, to: Path | None, *, as_json: bool) -> None:
    """Write one checkpoint to a file; what kind of file its ending says.

    Raises:
        NotFoundError: No such run or checkpoint; the message lists what there is.
        BadInputError: An ending that stands for nothing, or a file that is there already.
    """
    run_id, name = run_called(api, word), checkpoint_name(name)
    target = to or Path(f"{name}{Form.KERAS.suffix}")
    form = form_of_suffix(target)
    with Console(stderr=True).status("writing"):
        download(api, run_id, name, target)
    if as_json:
        print(json.dumps({"file": str(target), "form": form.value, "bytes": target.stat().st_size}))
    else:
        print(f"{target}: {form.words}, {target.stat().st_size / 1e6:,.2f} MB")


def checkpoints_table(found: Sequence[CheckpointInfo]) -> Table:
    """One line for each, the oldest moment first."""
    table = slim_table()
    table.add_column("name", no_wrap=True)
    for heading in ("epochs", "batches", "steps", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("measured", overflow="fold")
    table.add_column("written (UTC)", no_wrap=True)
    for one in found:
        measured = f"{one.metric} {format_value(one.value)}" if one.metric and one.value is not None else ""
        table.add_row(
            Text(one.name),
            str(one.epochs_done),
            str(one.batches_done),
            str(one.steps_done),
            f"{one.bytes / 1e6:,.2f}",
            Text(measured),
            f"{one.created_at:%m-%d %H:%M:%S}",
        )
    return table
