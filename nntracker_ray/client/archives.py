"""Taking runs out as one file, and bringing such a file in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx

from nntracker_ray.client.api import Api
from nntracker_ray.records import JsonValue

# Storing takes as long as there is to store; that the platform has gone shows without a limit on time.
PATIENCE: Final = httpx.Timeout(None, connect=10.0)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in, by the ids that it has now."""

    experiments: list[UUID]
    runs: list[UUID]
    kept_ids: bool  # whether these are the ids of the archive


def download_archive(
    api: Api,
    selection: Mapping[str, JsonValue],
    target: Path,
    *,
    checkpoints: bool = False,
    heard: Callable[[int], None] = lambda _: None,
) -> None:
    """Write everything about some runs to a new zip.

    Args:
        selection: As `asking.selection_body` gives it, or with the words of a person.
        checkpoints: Also the checkpoints.
        heard: Told how many bytes have come.
    Raises: NotFoundError: No run is meant. BadInputError: The file is there already, or cannot be written.
    """
    body = {"selection": dict(selection), "checkpoints": checkpoints}
    api.download("/api/archives", target, body=body, heard=heard)


def import_archive(api: Api, path: Path) -> Imported:
    """Bring an archive in, all of it or nothing; its runs are then the caller's.

    Raises: BadInputError: It is no archive, or a damaged one. ConflictError: All of it is there already.
    """
    return api.upload(Imported, "/api/archives/import", path, patience=PATIENCE)
