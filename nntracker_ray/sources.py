"""Where the data and the model of an experiment come from: files of this machine, or what its owner may use.

Whoever submits at this machine may name any of its files. Whoever submits over the web may not: there a source is the
name of something stored, its digest, or a URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import UUID

from nntracker_ray.datasets.fetch import is_url
from nntracker_ray.datasets.store import DatasetStore
from nntracker_ray.datasets.stored import StoredDataset
from nntracker_ray.errors import BadInputError, DatasetError, NotFoundError, did_you_mean
from nntracker_ray.home import Home
from nntracker_ray.models.store import ModelStore
from nntracker_ray.storage.connection import Database
from nntracker_ray.storage.dataset_rows import DatasetRow, page_of_datasets
from nntracker_ray.storage.model_rows import ModelRow, page_of_models

MOST_NAMES = 200  # that a hint looks through
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
Row = TypeVar("Row", DatasetRow, ModelRow)


class Sources(Protocol):
    """Finds what an experiment names."""

    @property
    def may_write_anywhere(self) -> bool:
        """Whether `checkpoints.location` is the submitter's to choose."""

    def dataset(self, source: str) -> StoredDataset:
        """The dataset, in the store. Raises: DatasetError: Missing, malformed, hostile, or not to be used."""

    def model(self, source: str) -> str | bytes:
        """Keras JSON, not yet checked. Raises: BadInputError: Missing, or not to be used."""


@dataclass(frozen=True)
class FileSources:
    """Files of this machine, URLs, digests: for those who are at the machine anyway.

    Args:
        base: What relative paths are relative to.
    """

    home: Home
    base: Path
    may_write_anywhere: bool = True

    def dataset(self, source: str) -> StoredDataset:
        """The file or URL, brought into the store."""
        return DatasetStore(self.home).add(_digest_in(source) or source, base=self.base)

    def model(self, source: str) -> str | bytes:
        """The file's content."""
        if source.startswith("sha256:") and (digest := _digest_in(source)):
            return ModelStore(self.home).get(digest)
        return read_model_file(self.base / source)


@dataclass(frozen=True)
class OwnSources:
    """What an account may use: its own datasets and models, public ones, and URLs.

    Args:
        may_write_anywhere: Whether `checkpoints.location` is theirs to choose: it is written with our rights.
    """

    home: Home
    database: Database
    user_id: UUID
    may_write_anywhere: bool = False

    def dataset(self, source: str) -> StoredDataset:
        """The stored dataset, or what the URL holds."""
        store = DatasetStore(self.home)
        if is_url(source):
            return store.add(source)
        row = self.dataset_row(source)
        try:
            # The store knows the name that whoever brought it first gave it, which is nobody else's business.
            return replace(store.get(row.digest), name=row.name)
        except NotFoundError as error:
            raise DatasetError(f"the file of the dataset {row.name!r} is gone; upload it again") from error

    def model(self, source: str) -> str | bytes:
        """The stored model."""
        if is_url(source):
            raise BadInputError("a model is not fetched from a URL; upload it, or put its JSON here")
        row = self.model_row(source)
        try:
            return ModelStore(self.home).get(row.digest)
        except NotFoundError as error:
            raise BadInputError(f"the file of the model {row.name!r} is gone; upload it again") from error

    def dataset_row(self, source: str) -> DatasetRow:
        """What is known of the dataset that a name or digest means. Raises: DatasetError: None that they may use."""

        def find(digest: str | None, name: str | None) -> Sequence[DatasetRow]:
            with self.database.connection() as conn:
                return page_of_datasets(
                    conn, viewer_id=self.user_id, digest=digest, name=name, limit=MOST_NAMES
                ).rows

        return self._meant("dataset", source, find)

    def model_row(self, source: str) -> ModelRow:
        """What is known of the model that a name or digest means. Raises: BadInputError: None that they may use."""

        def find(digest: str | None, name: str | None) -> Sequence[ModelRow]:
            with self.database.connection() as conn:
                return page_of_models(
                    conn, viewer_id=self.user_id, digest=digest, name=name, limit=MOST_NAMES
                ).rows

        return self._meant("model", source, find)

    def _meant(self, kind: str, source: str, find: Callable[[str | None, str | None], Sequence[Row]]) -> Row:
        if not source.isprintable():
            raise DatasetError(f"no stored {kind} {source[:120]!r}: names hold no control characters")
        digest = _digest_in(source)
        owner, slash, plain = source.rpartition("/")
        found = find(digest, None) if digest else find(None, source) or (find(None, plain) if slash else ())
        if slash and not digest:
            found = [row for row in found if row.owner == owner]
        if not found:
            raise DatasetError(_no_such(kind, source, [row.name for row in find(None, None)]))
        return self._only(kind, source, found) if not digest else found[0]

    def _only(self, kind: str, source: str, found: Sequence[Row]) -> Row:
        """One's own, or the only one of that name."""
        own = [row for row in found if row.owner_id == self.user_id]
        if own or len(found) == 1:
            return (own or found)[0]
        names = ", ".join(f"'{row.owner}/{row.name}'" for row in found[:10])
        raise DatasetError(f"{len(found)} people have a public {kind} called {source!r}; say which: {names}")


def read_model_file(path: Path) -> bytes:
    """Its content. Raises: BadInputError: It cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(
            f"the model file {str(path)!r} cannot be read: {error.strerror or error}"
        ) from error


def _digest_in(source: str) -> str | None:
    match = _DIGEST.fullmatch(source.strip())
    return match[1] if match else None


def _no_such(kind: str, source: str, names: Sequence[str]) -> str:
    hint = did_you_mean(source.rpartition("/")[2], names)
    also = ", or give an http(s) URL" if kind == "dataset" else ", or put its JSON here"
    return (
        f"no stored {kind} {source[:120]!r}. Files of the server are not read: upload it first{also}. {hint}"
    ).rstrip()
