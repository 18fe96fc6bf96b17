"""`nntracker login` and `logout`: remember a platform elsewhere, and forget it."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import Annotated

import typer

from apps.cli_options import HomeOption, chosen_home
from nntracker_ray.errors import BadInputError

app = typer.Typer()
PANEL = "A platform elsewhere"


@app.command(rich_help_panel=PANEL)
def login(
    url: Annotated[str, typer.Argument(help="Of its web app: https://tracker.example.", show_default=False)],
    home: HomeOption = None,
) -> None:
    """Remember a platform and an API token for it; the token is asked for, or read from standard input."""
    from nntracker_ray.client.api import Api
    from nntracker_ray.client.places import checked_url, place, remember

    checked = checked_url(url)
    found = place(checked, _token(checked))
    with closing(Api(found)) as api:
        name = api.get("/api/me")["name"]
    remember(chosen_home(home), found)
    print(f"{checked}: commands are given as {name!r} from now on; `nntracker logout` forgets it")


@app.command(rich_help_panel=PANEL)
def logout(home: HomeOption = None) -> None:
    """Forget the platform that `login` has remembered. The token itself is ended on its account page."""
    from nntracker_ray.client.places import forget

    print("forgotten" if forget(chosen_home(home)) else "nothing was remembered")


def _token(url: str) -> str:
    """Never from the command line: that is shown to everybody on the machine, and kept by shells."""
    from nntracker_ray.client.places import TOKEN_VARIABLE

    if token := os.environ.get(TOKEN_VARIABLE):
        return token
    if sys.stdin.isatty():
        return str(typer.prompt(f"API token of your account on {url}", hide_input=True))
    token = sys.stdin.readline().strip()
    if not token:
        raise BadInputError("no token came; give it on standard input, as the first line")
    return token
