"""`nntracker download` and `nntracker import`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from apps.selection import Chosen, selection_of
from nntracker_ray.client.api import Api
from nntracker_ray.client.archives import Imported, download_archive, import_archive
from nntracker_ray.errors import BadInputError
from nntracker_ray.plain_values import plain


def download_runs(api: Api, chosen: Chosen, to: Path, *, checkpoints: bool, as_json: bool) -> None:
    """Write the chosen runs to a zip.

    Raises:
        NotFoundError: No run is meant.
        BadInputError: Nothing was chosen, or the file is there already.
    """
    selection = selection_of(chosen)
    with Console(stderr=True).status("writing") as status:
        download_archive(
            api,
            selection,
            to,
            checkpoints=checkpoints,
            heard=lambda count: status.update(f"writing: {count / 1e6:,.1f} MB"),
        )
    if as_json:
        print(json.dumps({"file": str(to), "bytes": to.stat().st_size}))
    else:
        print(f"{to}: {to.stat().st_size / 1e6:,.2f} MB; report.html in it opens in any browser")


def import_file(api: Api, file: Path, *, as_json: bool) -> None:
    """Bring an archive in.

    Raises:
        BadInputError: There is no such file, or it is no archive, or a damaged one.
        ConflictError: All of it is there already.
    """
    try:
        with Console(stderr=True).status(f"bringing in {file.name}"):
            imported = import_archive(api, file)
    except BadInputError as error:
        raise BadInputError(f"{file}: {error}") from error
    if as_json:
        print(json.dumps(plain(asdict(imported))))
    else:
        print(_told(imported))


def _told(imported: Imported) -> str:
    runs = "1 run" if len(imported.runs) == 1 else f"{len(imported.runs)} runs"
    ids = "under their old ids" if imported.kept_ids else "under new ids"
    names = ", ".join(str(one)[:8] for one in imported.experiments)
    return f"{runs} came in, {ids}; `nntracker ls --experiment {names.split(',', maxsplit=1)[0]}` lists them"
