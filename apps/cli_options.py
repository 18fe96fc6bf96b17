"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.completion import complete_experiments, complete_runs, complete_states, complete_tags
from nntracker_ray.home import ENVIRONMENT_VARIABLE, Home

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]
HomeOption = Annotated[
    Path | None,
    typer.Option("--home", envvar=ENVIRONMENT_VARIABLE, help="Data folder.", show_default="per-user folder"),
]
OneRun = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Number, name, or the beginning of an id.",
        autocompletion=complete_runs,
        show_default=False,
    ),
]
SomeRuns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...",
        help="Numbers, names, or beginnings of ids.",
        autocompletion=complete_runs,
        show_default=False,
    ),
]
OfExperiment = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        "-e",
        help="Of this experiment: its name, or the beginning of its id.",
        autocompletion=complete_experiments,
        show_default=False,
    ),
]
WithTag = Annotated[
    str | None,
    typer.Option("--tag", "-t", help="With this tag.", autocompletion=complete_tags, show_default=False),
]
InState = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        "-s",
        help="In this state; repeat for several.",
        autocompletion=complete_states,
        show_default=False,
    ),
]


def chosen_home(chosen: Path | None) -> Home:
    """The data folder that is meant: the one given, else the usual one."""
    return Home(chosen.expanduser().resolve()) if chosen else Home.default()
