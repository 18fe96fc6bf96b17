"""`nntracker metrics`: what can be looked at inside a network. Asks nobody: what counts is what is installed here."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from apps.cli_options import AsJson

app = typer.Typer()


def complete_metrics(incomplete: str) -> list[str]:
    """Names of metrics and presets."""
    from nntracker_ray.introspection.catalog import PRESET_NAMES, known_metrics

    return [name for name in (*PRESET_NAMES, *known_metrics().metrics) if name.startswith(incomplete)]


@app.command(rich_help_panel="Look at runs")
def metrics(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A metric or a preset.", autocompletion=complete_metrics, show_default="all of them"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what can be looked at inside a network, or explain one metric: formula, arguments, topics, an example."""
    from rich.console import Console

    from apps.metric_words import (
        catalog_object,
        catalog_view,
        metric_object,
        metric_view,
        preset_object,
        preset_view,
    )
    from nntracker_ray.introspection.catalog import known_metrics
    from nntracker_ray.introspection.presets import presets

    catalog, console = known_metrics(), Console()
    preset = presets(catalog).get(name or "")
    if name is None:
        told, view = catalog_object(catalog), catalog_view(catalog)
    elif preset is not None:
        told, view = preset_object(preset), preset_view(preset)
    else:
        info = catalog.find(name)
        told, view = metric_object(info), metric_view(info)
    if as_json:
        print(json.dumps(told, indent=2, allow_nan=False, default=str))
    else:
        console.print(view)
