"""The commands that look at runs. Thin: each says what it takes, and hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.cli_options import AsJson, HomeOption, InState, OfExperiment, OneRun, WithTag, chosen_home
from nntracker_ray.errors import BadInputError

app = typer.Typer()
PANEL = "Look at runs"


@app.command(rich_help_panel=PANEL)
def ls(
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Runs at most.", min=1, max=10_000)] = 50,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay, and show what changes.")] = False,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """List runs, the newest experiment first."""
    from apps.listing import list_runs
    from apps.opened_platform import open_api
    from apps.selection import Chosen

    chosen = Chosen((), experiment, tag, state or ())
    with open_api(chosen_home(home)) as api:
        list_runs(api, chosen, limit=limit, as_json=as_json, watch=watch)


@app.command(rich_help_panel=PANEL)
def show(run: OneRun, as_json: AsJson = False, home: HomeOption = None) -> None:
    """Show one run: its values, what happened to it, and why it waits or failed."""
    from apps.opened_platform import open_api
    from apps.show_command import show_run

    with open_api(chosen_home(home)) as api:
        show_run(api, run, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def logs(
    run: OneRun,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Stay until the run has ended.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", help="Only so many of the last lines.", min=1, show_default="all")
    ] = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Print what a run printed, warned of and logged; --json prints one object a line."""
    from apps.log_command import print_log
    from apps.opened_platform import open_api

    with open_api(chosen_home(home)) as api:
        print_log(api, run, follow=follow, tail=tail, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def top(as_json: AsJson = False, home: HomeOption = None) -> None:
    """Watch the hardware, the queue and the runs at work; Ctrl-C ends it."""
    from apps.opened_platform import is_of, open_api
    from apps.top_command import watch_work

    chosen = chosen_home(home)
    with open_api(chosen) as api:
        watch_work(api, chosen if is_of(api, chosen) else None, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def checkpoints(
    run: OneRun,
    download: Annotated[
        str | None,
        typer.Option(help="Write this checkpoint to a file: its name, or an epoch.", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="The file: .keras a model, .npz weights, .ckpt the checkpoint itself.",
            show_default="NAME.keras",
        ),
    ] = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """List the checkpoints of a run, or write one to a file."""
    from apps.checkpoint_command import download_checkpoint, list_checkpoints
    from apps.opened_platform import open_api

    if to is not None and download is None:
        raise BadInputError("--to says where, but not what; say --download NAME as well, such as best")

    with open_api(chosen_home(home)) as api:
        if download is None:
            list_checkpoints(api, run, as_json=as_json)
        else:
            download_checkpoint(api, run, download, to, as_json=as_json)
