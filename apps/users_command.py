"""`nntracker users` and `user`: who has an account, and letting people in and out. Thin: it hands over."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from apps.cli_options import AsJson, HomeOption, chosen_home
from nntracker_ray.errors import BadInputError

app = typer.Typer()
PANEL = "Look after people"


@app.command(rich_help_panel=PANEL)
def users(as_json: AsJson = False, home: HomeOption = None) -> None:
    """List accounts with what their runs are doing."""
    from rich.console import Console

    from apps.users import account_object, all_accounts, print_accounts

    accounts = all_accounts(chosen_home(home))
    if as_json:
        print(json.dumps({"users": [account_object(one) for one in accounts]}, indent=2))
    else:
        print_accounts(Console(), accounts)


@app.command(rich_help_panel=PANEL)
def user(
    name: Annotated[str, typer.Argument(help="Name of the account.", show_default=False)],
    role: Annotated[
        str | None,
        typer.Option(
            help="viewer, user, code or administrator; makes the account if there is none.",
            show_default=False,
        ),
    ] = None,
    disable: Annotated[
        bool | None,
        typer.Option("--disable/--enable", help="Close the account, or open it again.", show_default=False),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where browsers find the web app, when no platform on this data folder serves it.",
            show_default="the platform's",
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Let somebody in or out: print a one-time link that signs them in, or close their account.

    Whoever may run this on the data folder is the platform's master: it is the way back in, too.
    """
    from apps.users import let_in, set_disabled

    if disable is None:
        print(let_in(chosen_home(home), name, role=role, address=address))
    elif role is not None:
        raise BadInputError("--role and --disable or --enable came together; give one of them")
    else:
        set_disabled(chosen_home(home), name, disabled=disable)
        print(f"{name} is {'disabled' if disable else 'enabled'}")
