"""Datasets and models that people give the platform to keep, under names of their own."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.quota import require_room
from nntracker_ray.datasets.store import DatasetStore
from nntracker_ray.datasets.stored import ORIGINAL_FILE, StoredDataset, read_record
from nntracker_ray.errors import BadInputError, ConflictError
from nntracker_ray.home import Home
from nntracker_ray.models.schema import ModelDescription, parse_model
from nntracker_ray.models.store import ModelStore
from nntracker_ray.records import JsonValue
from nntracker_ray.storage import dataset_rows, model_rows
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.dataset_rows import DatasetRow
from nntracker_ray.storage.model_rows import ModelRow

LONGEST_NAME = 100
NAME_PATTERN = r"[\w(+][\w.()+ -]{0,99}"
NAME_RULE = "1 to 100 letters, digits, spaces and . _ ( ) + -, the first no dot, dash or space"
MOST_COLUMNS = 500  # that the facts hold; the store's own record has all of them
MOST_LAYERS = 2000
MOST_TRIES = 100  # of names, where the one asked for is taken


def checked_name(name: str) -> str:
    """The name without spaces at its ends. Raises: BadInputError: It cannot be one."""
    name = name.strip()
    if not re.fullmatch(NAME_PATTERN, name):
        raise BadInputError(f"the name {name[:120]!r} cannot be used; allowed: {NAME_RULE}")
    return name


def keep_dataset(
    database: Database,
    store: DatasetStore,
    actor: Actor,
    folder: Path,
    *,
    name: str,
    is_public: bool = False,
    renumber: bool = False,
) -> tuple[DatasetRow, bool]:
    """Read the file that has arrived in a folder of `store.aside`, in the confined process, and keep it.

    Args:
        renumber: Whether to take "train (2).npz" where the actor has another dataset called "train.npz".
    Returns: the dataset, and whether it is new.
    Raises: DatasetError: It cannot or may not be read. BadInputError, ConflictError: The name cannot be had.
        OverQuotaError: The actor would have more than may be kept.
    """
    name = checked_name(name)
    with database.connection() as conn:
        # Before it is read and kept: what is kept and has no name stays for weeks.
        if not dataset_rows.has_dataset(conn, owner_id=actor.user_id, name=name):
            require_room(conn, actor.user_id, more=(folder / ORIGINAL_FILE).stat().st_size)
    stored = store.keep(folder, name)
    facts, kind = dataset_facts(stored), read_record(stored.folder).source_format
    size = stored.original.stat().st_size

    def add(conn: Connection, name: str) -> tuple[DatasetRow, bool]:
        dataset_id, is_new = dataset_rows.add_dataset(
            conn,
            owner_id=actor.user_id,
            name=name,
            digest=stored.digest,
            is_public=is_public,
            kind=kind,
            size=size,
            facts=facts,
        )
        if is_new:
            require_room(conn, actor.user_id)
            actor.note(conn, "uploaded a dataset", name, f"{size:,} bytes, {stored.digest[:12]}")
        return dataset_rows.find_dataset(conn, viewer_id=actor.user_id, dataset_id=dataset_id), is_new

    for candidate in _names(name, renumber=renumber):
        try:
            with database.connection() as conn:
                return add(conn, candidate)
        except ConflictError:
            if not renumber:
                raise
    raise ConflictError(f"{MOST_TRIES} datasets are called like {name!r}; choose another name")


def keep_model(
    database: Database,
    home: Home,
    actor: Actor,
    text: str | bytes,
    *,
    name: str,
    is_public: bool = False,
    renumber: bool = False,
) -> tuple[ModelRow, bool]:
    """Check Keras JSON and keep it. Arguments, results and errors as of `keep_dataset`, and ModelError."""
    name = checked_name(name)
    description = parse_model(text)
    ModelStore(home).add(description)
    facts = model_facts(description)
    for candidate in _names(name, renumber=renumber):
        try:
            with database.connection() as conn:
                return _add_model(conn, actor, description.digest, facts, candidate, is_public=is_public)
        except ConflictError:
            if not renumber:
                raise
    raise ConflictError(f"{MOST_TRIES} models are called like {name!r}; choose another name")


def dataset_facts(stored: StoredDataset) -> dict[str, JsonValue]:
    """What people look at before they use a dataset: rows, columns with ranges and first values, notes."""
    columns = [asdict(column) for column in stored.columns[:MOST_COLUMNS]]
    return {
        "arrays": stored.kind == "arrays",
        "rows": stored.rows,
        "column_count": len(stored.columns),
        "columns": columns,
        "notes": list(stored.notes),
    }


def model_facts(description: ModelDescription) -> dict[str, JsonValue]:
    """What people look at before they use a model: its layers with their shapes and parameters."""
    layers = [
        {
            "name": layer.name,
            "class_name": layer.class_name,
            "output_shape": layer.output_shape,
            "parameters": layer.parameters,
        }
        for layer in description.layers[:MOST_LAYERS]
    ]
    return {
        "input_shape": description.input_shape,
        "output_shape": description.output_shape,
        "parameters": description.parameters,
        "layers": layers,
    }


def _add_model(
    conn: Connection, actor: Actor, digest: str, facts: JsonValue, name: str, *, is_public: bool
) -> tuple[ModelRow, bool]:
    model_id, is_new = model_rows.add_model(
        conn, owner_id=actor.user_id, name=name, digest=digest, is_public=is_public, facts=facts
    )
    if is_new:
        require_room(conn, actor.user_id)
        actor.note(conn, "uploaded a model", name, digest[:12])
    return model_rows.find_model(conn, viewer_id=actor.user_id, model_id=model_id), is_new


def _names(name: str, *, renumber: bool) -> list[str]:
    """The name, and then numbered ones: "train.npz", "train (2).npz", ..."""
    path = Path(name)
    endings = [f" ({number}){path.suffix}" for number in range(2, MOST_TRIES + 1)] if renumber else []
    return [name, *(f"{path.stem[: LONGEST_NAME - len(ending)]}{ending}" for ending in endings)]
