"""The files of an experiment that came from this machine, offered to everybody who makes one over the web."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from nntracker_ray.datasets.store import DatasetStore
from nntracker_ray.datasets.stored import read_record
from nntracker_ray.errors import BadInputError, ConflictError
from nntracker_ray.home import Home
from nntracker_ray.models.schema import parse_model
from nntracker_ray.models.store import ModelStore
from nntracker_ray.storage import dataset_rows, model_rows
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.stored_files import checked_name, dataset_facts, model_facts
from nntracker_ray.submission import Prepared

PARTS = {"train": "dataset_train", "validation": "dataset_val", "test": "dataset_test"}


def offer_files(database: Database, home: Home, prepared: Prepared, *, owner_id: UUID) -> None:
    """Name the data and the model as the experiment does, for all to use; what cannot have that name goes without."""
    spec = prepared.runs[0]
    with database.connection() as conn:
        for part, key in PARTS.items():
            ref = getattr(spec, part)
            if ref is not None:
                _offer_dataset(conn, home, owner_id, str(prepared.config[key]), ref.digest)
        if isinstance(prepared.config["model"], str):
            _offer_model(conn, home, owner_id, prepared.config["model"], spec.model_digest)


def _offer_dataset(conn: Connection, home: Home, owner_id: UUID, name: str, digest: str) -> None:
    stored = DatasetStore(home).get(digest)
    with suppress(BadInputError, ConflictError):
        dataset_rows.add_dataset(
            conn,
            owner_id=owner_id,
            name=checked_name(name),
            digest=digest,
            is_public=True,
            kind=read_record(stored.folder).source_format,
            size=stored.original.stat().st_size,
            facts=dataset_facts(stored),
        )


def _offer_model(conn: Connection, home: Home, owner_id: UUID, name: str, digest: str) -> None:
    facts = model_facts(parse_model(ModelStore(home).get(digest)))
    with suppress(BadInputError, ConflictError):
        model_rows.add_model(
            conn, owner_id=owner_id, name=checked_name(name), digest=digest, is_public=True, facts=facts
        )
