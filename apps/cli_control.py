"""The commands that act on runs. Thin: each says what it takes, and hands over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli_options import AsJson, HomeOption, InState, OfExperiment, SomeRuns, WithTag, chosen_home

app = typer.Typer()
PANEL = "Act on runs"

All = Annotated[bool, typer.Option("--all", help="Every run.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the outcome.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0.1)]
Key = Annotated[
    str | None,
    typer.Option(help="Idempotency key: the same key again changes nothing.", show_default=False),
]
WAIT_S = 120.0


@app.command(rich_help_panel=PANEL)
def pause(
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    wait: Wait = True,
    timeout: Timeout = WAIT_S,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Pause runs: they leave after the batch in hand, keep everything, and give the hardware back."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "pause", chosen, key=key, wait_s=timeout * wait, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def resume(
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Queue paused, stopped or failed runs again; each goes on at the very batch where it left."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "resume", chosen, key=key, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def stop(
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    wait: Wait = True,
    timeout: Timeout = WAIT_S,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """End runs after the batch in hand, with a last capture and a checkpoint; `resume` still goes on."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "stop", chosen, key=key, wait_s=timeout * wait, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def rm(
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Wait = True,
    timeout: Timeout = WAIT_S,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Delete runs with everything of theirs, also from the disk. Says what is lost, and asks."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "delete", chosen, key=key, wait_s=timeout * wait, confirmed=yes, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def extend(
    epochs: Annotated[int, typer.Option(help="Epochs to make on top.", min=1, show_default=False)],
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Give runs more epochs and queue those that have ended."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "extend", chosen, arguments={"epochs": epochs}, key=key, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def fork(
    runs: SomeRuns = None,
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", "-c", help="Where to go on from: last, best, a name, or an epoch.")
    ] = "last",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="What is different; repeat for several.", show_default=False
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new run.", show_default=False)] = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Make new runs that go on from a checkpoint with changed values; their history is joined to it."""
    from apps.settings_words import changes_of

    chosen = (runs, experiment, tag, state, everything)
    place = int(checkpoint) if checkpoint.isdecimal() else checkpoint
    arguments = {
        "checkpoint": place,
        "changes": changes_of(settings or []),
        **({"name": name} if name else {}),
    }
    raise _carry_out(home, "fork", chosen, arguments=arguments, key=key, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def rerun(
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Train runs anew from the beginning: same values, same seed, same result."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "rerun", chosen, key=key, as_json=as_json)


@app.command(rich_help_panel=PANEL)
def prioritise(
    priority: Annotated[
        int, typer.Option(help="Of your own runs the higher goes first.", min=-1000, max=1000)
    ],
    runs: SomeRuns = None,
    experiment: OfExperiment = None,
    tag: WithTag = None,
    state: InState = None,
    everything: All = False,
    key: Key = None,
    as_json: AsJson = False,
    home: HomeOption = None,
) -> None:
    """Move runs forward or back in the queue."""
    chosen = (runs, experiment, tag, state, everything)
    raise _carry_out(home, "prioritise", chosen, arguments={"priority": priority}, key=key, as_json=as_json)


def _carry_out(
    home: Path | None,
    verb: str,
    chosen: tuple[list[str] | None, str | None, str | None, list[str] | None, bool],
    **order: Any,
) -> typer.Exit:
    from apps.control_command import Order, carry_out
    from apps.selection import Chosen
    from nntracker_ray.commands import Verb

    words, experiment, tag, states, everything = chosen
    selected = Chosen(words or (), experiment, tag, states or (), everything)
    return typer.Exit(carry_out(chosen_home(home), Order(Verb(verb), selected, **order)))
