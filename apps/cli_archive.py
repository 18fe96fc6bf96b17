"""The commands that take runs out and bring them in. Thin: each says what it takes, and hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.cli_options import AsJson, HomeOption, InState, OfExperiment, SomeRuns, WithTag, chosen_home

app = typer.Typer()
PANEL = "Take data out and in"


@app.command(rich_help_panel=PANEL)
def download(
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: Annotated[bool, typer.Option("--all", help="Every run.")] = False,
    to: Annotated[
        Path, typer.Option("--to", help="The file that is made.", show_default="nntracker.zip")
    ] = Path("nntracker.zip"),
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Also the checkpoints, which make it many times as large.")
    ] = False,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Write runs to one zip: configuration, model, metrics, weights, history, log, and a report to read."""
    from apps.archive_command import download_runs
    from apps.opened_platform import open_api
    from apps.selection import Chosen

    chosen = Chosen(runs or (), experiment, tag, state or (), everything)
    with open_api(chosen_home(home)) as api:
        download_runs(api, chosen, to, checkpoints=checkpoints, as_json=as_json)


@app.command("import", rich_help_panel=PANEL)
def import_(
    file: Annotated[
        Path, typer.Argument(help="An archive that `nntracker download` or the web app has made.")
    ],
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Bring an archive in, all of it or nothing. Its runs are then yours; none of them is queued."""
    from apps.archive_command import import_file
    from apps.opened_platform import open_api

    with open_api(chosen_home(home)) as api:
        import_file(api, file, as_json=as_json)
