"""One checkpoint of a run as a file of somebody's own: a Keras model, its weights, or the checkpoint itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from nntracker_ray.checkpoints.folder import CheckpointFolder
from nntracker_ray.checkpoints.forms import Form, checkpoint_name, form_of_suffix
from nntracker_ray.errors import BadInputError, CheckpointError, NotFoundError
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import RunSpec
from nntracker_ray.remote import RemoteFolder
from nntracker_ray.shared import shared_folder
from nntracker_ray.storage import queries
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.visible import visible_run_no

EXPORT_TIMEOUT_S: Final = 180.0


def write_checkpoint(
    database: Database, home: Home, *, viewer_id: UUID, run_id: UUID, name: str, form: Form, target: Path
) -> None:
    """Write one checkpoint of the viewer's run to `target`, whole or not at all.

    Raises:
        NotFoundError: No such run or checkpoint, or not the viewer's; the message lists what there is.
        BadInputError: There is a file already, or it cannot be written there.
        CheckpointError: The checkpoint is damaged or cannot be made into a model.
        RemoteError: It lies in a remote place that does not answer.
    """
    if target.exists():
        raise BadInputError(f"{target} is there already; choose another name, or remove it first")
    with database.connection() as conn:
        spec = queries.run_spec(conn, viewer_id=viewer_id, run_id=run_id)
        run_no = visible_run_no(conn, viewer_id=viewer_id, run_id=run_id)
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".nntracker-") as aside:
            made = Path(aside) / f"made{form.suffix}"
            folder = CheckpointFolder(home, spec.run_id, spec.checkpoints, run_no=run_no)
            with _local_file(folder, spec, name, Path(aside)) as source:
                _write(source, home, spec, form, made)
            # Not replace: whoever came first keeps the file.
            os.link(made, target)
    except FileExistsError:
        raise BadInputError(f"{target} is there already; choose another name, or remove it first") from None
    except OSError as error:
        raise BadInputError(f"{target} cannot be written: {error.strerror or error}") from error


@contextmanager
def _local_file(folder: CheckpointFolder, spec: RunSpec, name: str, aside: Path) -> Iterator[Path]:
    """The checkpoint on this machine: where it lies, or fetched to a folder that is thrown away."""
    if folder.has(name):
        yield folder.path(name)
        return
    fetched, key = aside / "fetched.ckpt", f"checkpoints/{spec.run_id}/{name}.ckpt"
    for remote in _remotes(spec):
        if remote.get(key, fetched) and folder.owns(fetched):
            yield fetched
            return
    folder.info(name)  # raises, and lists what is here
    raise NotFoundError(f"run {spec.run_id} has no checkpoint {name!r} here")


def _remotes(spec: RunSpec) -> Iterator[RemoteFolder]:
    if spec.checkpoints.location:
        yield RemoteFolder(spec.checkpoints.location)
    if (shared := shared_folder()) is not None:
        yield shared


def _write(source: Path, home: Home, spec: RunSpec, form: Form, made: Path) -> None:
    if form is Form.CHECKPOINT:
        shutil.copyfile(source, made)
    elif form is Form.WEIGHTS:
        from nntracker_ray.checkpoints.weights import export_weights

        export_weights(source, made)
    else:
        model = made.with_name("model.json")
        model.write_text(ModelStore(home).get(spec.model_digest))
        _export_model(source, model, made)


def _export_model(source: Path, model: Path, made: Path) -> None:
    """In a process of its own: Keras takes seconds to load and hundreds of megabytes to keep."""
    command = [sys.executable, "-m", "nntracker_ray.training.export", str(source), str(model), str(made)]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    try:
        ended = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=env,
            timeout=EXPORT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise CheckpointError(
            f"Keras took more than {EXPORT_TIMEOUT_S:.0f} s to write the model; take the weights (.npz) instead"
        ) from None
    if ended.returncode != 0 or not made.exists():
        why = (ended.stderr.strip() or "no reason was given").splitlines()[-1]
        raise CheckpointError(f"the checkpoint could not be made into a Keras model: {why}")


__all__ = ["Form", "checkpoint_name", "form_of_suffix", "write_checkpoint"]
