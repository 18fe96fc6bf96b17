"""`nntracker share`: how users share the hardware, and who has how much of it. Thin: it hands over."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from apps.cli_options import AsJson, HomeOption, chosen_home

app = typer.Typer()


@app.command(rich_help_panel="Look at runs")
def share(
    user: Annotated[str | None, typer.Argument(help="Name of the user.", show_default="everybody")] = None,
    weight: Annotated[
        float | None, typer.Option(help="Twice the weight, twice the hardware.", show_default=False)
    ] = None,
    max_running: Annotated[
        str | None, typer.Option(help="Most runs at work at once, or none.", show_default=False)
    ] = None,
    max_queued: Annotated[
        str | None, typer.Option(help="Most runs that wait, or none.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Show how users share the hardware, or change one user's share."""
    from rich.console import Console

    from apps.sharing import Wanted, print_shares, read_or_set, share_object

    shares = read_or_set(chosen_home(home), user, Wanted(weight, max_running, max_queued))
    if as_json:
        print(json.dumps({"users": [share_object(one) for one in shares]}, indent=2))
    else:
        print_shares(Console(), shares)
