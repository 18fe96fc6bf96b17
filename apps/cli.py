"""The command line: `nntracker`, also `python -m apps.cli`."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from apps import (
    cli_archive,
    cli_control,
    cli_looking,
    login_command,
    metrics_command,
    share_command,
    users_command,
)
from apps.cli_options import AsJson, HomeOption, chosen_home
from nntracker_ray import __version__
from nntracker_ray.errors import BadInputError, NNTrackerError, PlatformError
from nntracker_ray.home import Home
from nntracker_ray.plain_values import plain
from nntracker_ray.platform_file import PlatformInfo, await_platform, running_platform

EXIT_BAD_INPUT = 2

app = typer.Typer(
    name="nntracker",
    help="Launch Keras trainings as grids, watch them, keep everything.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[Path, typer.Argument(help="Experiment file, JSON or YAML.", show_default=False)]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", help="Keras model JSON, when the experiment names none.", show_default=False),
]


app.add_typer(cli_looking.app)
app.add_typer(cli_control.app)
app.add_typer(cli_archive.app)
app.add_typer(metrics_command.app)
app.add_typer(share_command.app)
app.add_typer(login_command.app)
app.add_typer(users_command.app)


@app.command()
def run(config: Config, model: ModelOption = None, as_json: AsJson = False, home: HomeOption = None) -> None:
    """Run an experiment and show its results.

    Joins the platform that runs on the data folder, or brings its own for the time of the job. The same
    command again goes on where it was interrupted; runs that are finished are not run twice.
    """
    from apps.run_command import run_experiment

    raise typer.Exit(run_experiment(chosen_home(home), config, model=model, as_json=as_json))


@app.command()
def plan(config: Config, as_json: AsJson = False, home: HomeOption = None) -> None:
    """List the runs that would be made, without fetching or running anything."""
    from apps.results import plan_object, print_plan
    from nntracker_ray.config import read_config
    from nntracker_ray.grid import plan_runs
    from nntracker_ray.models.catalog import load_catalog

    checked = read_config(config, catalog=load_catalog(chosen_home(home)))
    runs = plan_runs(checked)
    if as_json:
        print(json.dumps(plain(plan_object(checked.name, runs)), indent=2))
    else:
        print_plan(Console(), checked.name, runs)


@app.command()
def start(
    port: Annotated[int, typer.Option(help="Port of the web app.", min=1, max=65535)] = 8000,
    cpus: Annotated[
        int | None, typer.Option(help="CPUs that runs may use.", min=1, show_default="all of them")
    ] = None,
    background: Annotated[bool, typer.Option("--background", help="Return once it runs.")] = False,
    example: Annotated[
        bool, typer.Option(help="Submit the example experiment if the data folder is new.")
    ] = True,
    web: Annotated[bool, typer.Option("--web/--no-web", help="Serve the web app.")] = True,
    browser: Annotated[bool, typer.Option(help="Open a browser where there is a display.")] = True,
    show_link: Annotated[bool, typer.Option("--link/--no-link", hidden=True)] = True,
    unsupervised: Annotated[bool, typer.Option("--unsupervised", hidden=True)] = False,
    home: HomeOption = None,
) -> None:
    """Start the platform: database, Ray, run manager and web app. Ctrl-C ends it."""
    chosen = chosen_home(home)
    arguments = ["--port", str(port), "--home", str(chosen.root), *(["--cpus", str(cpus)] if cpus else [])]
    arguments += [] if example else ["--no-example"]
    arguments += [] if web else ["--no-web"]
    if background:
        from apps.start_command import start_in_background

        if (already := await_platform(chosen, report=_say)) is not None:
            print(f"runs already (process {already.pid}): {already.web or 'no web app'}")
            return
        info = start_in_background(chosen, [*arguments, "--no-browser", "--no-link"])
        where = f"{info.web}; `nntracker link` signs you in" if info.web else "no web app"
        print(f"runs in the background (process {info.pid}): {where}")
    elif unsupervised:
        from apps.platform import PlatformOptions
        from apps.start_command import Welcome, start_in_foreground

        options = PlatformOptions(web=web, web_port=port, cpus=cpus)
        start_in_foreground(chosen, options, Welcome(example=example, browser=browser, link=show_link))
    else:
        from apps.supervisor import supervise

        arguments += [] if browser else ["--no-browser"]
        arguments += [] if show_link else ["--no-link"]
        raise typer.Exit(supervise(chosen, arguments))


def _say(line: str) -> None:
    print(line, file=sys.stderr)


@app.command()
def down(home: HomeOption = None) -> None:
    """End the platform; everything is kept, and runs go on at the next start."""
    from apps.start_command import stop

    print("stopped" if stop(chosen_home(home)) else f"no platform runs on {chosen_home(home).root}")


@app.command()
def status(as_json: AsJson = False, home: HomeOption = None) -> None:
    """Say whether the platform runs, and where everything is. Exit code 1 when it does not run."""
    info = running_platform(chosen_home(home))
    facts = {"running": info is not None, **(_addresses(info) if info else {}), **_places(chosen_home(home))}
    if as_json:
        print(json.dumps(facts))
    else:
        for what, where in facts.items():
            print(f"{what:<10} {'-' if where is None else where}")
        if info is None:
            print("`nntracker start` starts it")
    raise typer.Exit(0 if info else 1)


def _addresses(info: PlatformInfo) -> dict[str, Any]:
    return {"process": info.pid, "web": info.web, "ray": info.ray_address, "dashboard": info.dashboard}


def _places(home: Home) -> dict[str, str]:
    from nntracker_ray.storage.connection import ENVIRONMENT_VARIABLE as DATABASE_URL
    from nntracker_ray.storage.connection import named_dsn
    from nntracker_ray.storage.server import EmbeddedServer

    # The address itself may hold a password.
    database = f"as {DATABASE_URL} says" if named_dsn() else str(EmbeddedServer(home).location)
    return {"data": str(home.root), "database": database}


@app.command()
def link(
    address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where your browser finds the web app, when no platform on this data folder serves it.",
            show_default="the platform's",
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Print a new one-time link that signs you in to the web app."""
    from apps.link_command import sign_in_link

    print(sign_in_link(chosen_home(home), address))


@app.command()
def env(home: HomeOption = None) -> None:
    """Print what `ray job submit` and the Ray dashboard need: eval "$(nntracker env)"."""
    info = running_platform(chosen_home(home))
    if info is None:
        raise PlatformError("no platform runs on this data folder; `nntracker start` starts one")
    if info.ray_token:
        print("export RAY_AUTH_MODE=token")
        print(f"export RAY_AUTH_TOKEN_PATH={shlex.quote(info.ray_token)}")
    if info.dashboard:
        print(f"export RAY_API_SERVER_ADDRESS={shlex.quote(info.dashboard)}")


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One read-only statement.", show_default=False)],
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header row.")] = False,
    max_rows: Annotated[int, typer.Option(help="Rows at most.", min=1)] = 1000,
    timeout: Annotated[float, typer.Option(help="Seconds at most.", min=0.1)] = 10.0,
    home: HomeOption = None,
) -> None:
    """Ask the database one read-only question."""
    from apps.opened_database import open_database
    from apps.sql_command import print_rows
    from nntracker_ray.storage.connection import resolve_dsn
    from nntracker_ray.storage.queries import read_only_sql

    if as_json and as_csv:
        raise BadInputError("--json and --csv came together; give one of the two")
    with open_database(chosen_home(home)):
        answer = read_only_sql(resolve_dsn(chosen_home(home)), query, max_rows=max_rows, timeout_s=timeout)
    if answer.truncated:
        print(f"only the first {max_rows} rows are shown; --max-rows raises the limit", file=sys.stderr)
    print_rows(answer.columns, answer.rows, as_json=as_json, as_csv=as_csv)


@app.callback(invoke_without_command=True)
def _top(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"nntracker {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; an expected error is a message and an exit code, never a traceback."""
    # As Ctrl-C: what was started is ended, what was begun can go on later.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        app()
    except NNTrackerError as error:
        Console(stderr=True).print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        sys.exit(EXIT_BAD_INPUT if isinstance(error, BadInputError) else 1)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
