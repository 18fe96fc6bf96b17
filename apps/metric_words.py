"""What the command line says of the metrics of the inside: tables for people, one JSON object for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from apps.tables import slim_table
from nntracker_ray.config.writing import as_yaml
from nntracker_ray.introspection.arguments import Argument
from nntracker_ray.introspection.catalog import EVERY, Catalog, MetricInfo
from nntracker_ray.introspection.presets import Preset, presets
from nntracker_ray.introspection.topics import MARKERS, Topic
from nntracker_ray.records import JsonValue, Observed

TOPICS: Mapping[Topic, str] = {
    Topic.WEIGHTS: "arrays of two and more dimensions, before the update of the step",
    Topic.BIASES: "all other arrays of a layer, those that are not trained among them",
    Topic.WEIGHT_GRADIENTS: "of the batch's loss, before clipping",
    Topic.BIAS_GRADIENTS: "the same of biases that are trained",
    Topic.WEIGHT_UPDATES: "weights after the step minus before it",
    Topic.BIAS_UPDATES: "the same of biases",
    Topic.ACTIVATIONS: "what a layer gave for the batch, in training mode",
    Topic.LAYER_GRADIENTS: "of the batch's loss with respect to that",
    Topic.PROBE_ACTIVATIONS: "for the same rows at every look, in inference mode",
    Topic.INPUTS: "of the batch",
    Topic.LABELS: "of the batch",
    Topic.OUTPUTS: "what the model gave for the batch, in training mode",
    Topic.LOSS: "of the batch, with the regularizers' part, before the update",
    Topic.LOSS_SURFACE: "the loss as a function of the trained arrays; for metrics that ask it",
    **dict.fromkeys(MARKERS, "nothing but the moment"),
}


# --- for scripts ---------------------------------------------------------------------------------------------


def catalog_object(catalog: Catalog) -> dict[str, JsonValue]:
    """Everything there is."""
    return {
        "presets": [preset_object(preset) for preset in presets(catalog).values()],
        "metrics": [metric_object(info) for info in catalog.metrics.values()],
        "topics": [{"name": str(topic), "meaning": meaning} for topic, meaning in TOPICS.items()],
        "unusable": [{"name": one.name, "package": one.package, "why": one.why} for one in catalog.unusable],
    }


def metric_object(info: MetricInfo) -> dict[str, JsonValue]:
    """One metric."""
    return {
        "name": info.name,
        "summary": info.summary,
        "description": info.description,
        "package": info.package,
        "topics": list(info.topics),
        "allowed_topics": list(info.allowed),
        "arguments": [asdict(one) for one in info.arguments],
        "every": None if info.default_epochs else EVERY,
        "every_epochs": info.default_epochs,
        "example": example_of(info),
    }


def preset_object(preset: Preset) -> dict[str, JsonValue]:
    """One preset."""
    metrics = [{key: value for key, value in asdict(one).items() if value} for one in preset.metrics]
    return {"name": preset.name, "summary": preset.summary, "metrics": metrics}


def example_of(info: MetricInfo) -> dict[str, JsonValue]:
    """An entry of an experiment file that can be copied, with every argument that must be given."""
    epochs = info.default_epochs
    required = {
        one.name: EXAMPLES.get(f"{info.name}.{one.name}", "...") for one in info.arguments if one.is_required
    }
    return {
        "metric": info.name,
        **({"conf": required} if required else {}),
        **({"topics": list(info.topics)} if info.any_tensor else {}),
        **({"every": EVERY} if epochs is None else {"every_epochs": epochs}),
    }


EXAMPLES: Mapping[str, JsonValue] = {
    "mean_over_layers.of": ["weights/norm"]
}  # of arguments without a default


# --- for people ----------------------------------------------------------------------------------------------


def catalog_view(catalog: Catalog) -> Group:
    """Everything there is, a line each."""
    parts: list[RenderableType] = [
        _titled("Presets", ((one.name, one.summary) for one in presets(catalog).values())),
        Text("\nMetrics", style="bold"),
        _metrics(catalog.metrics.values()),
        _titled("\nTopics", ((str(topic), meaning) for topic, meaning in TOPICS.items())),
    ]
    if catalog.unusable:
        parts.append(Text("\nPlug-ins that cannot be used", style="bold red"))
        parts += [Text(f"{one.name} ({one.package}): {one.why}") for one in catalog.unusable]
    parts.append(Text("\n`nntracker metrics NAME` says more of one.", style="dim"))
    return Group(*parts)


def _titled(title: str, lines: Iterable[tuple[str, str]]) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", style="dim")
    for name, meaning in lines:
        table.add_row(Text(name), Text(meaning))
    return Group(Text(title, style="bold"), table)


def _metrics(infos: Iterable[MetricInfo]) -> Table:
    table = slim_table()
    for heading in ("metric", "of", "each"):
        table.add_column(heading, no_wrap=heading != "of", overflow="fold")
    table.add_column("", overflow="fold")
    for info in infos:
        name = info.name if info.is_built_in else f"{info.name} ({info.package})"
        of = "any tensor" if info.any_tensor else ", ".join(info.topics) or "others' results"
        table.add_row(Text(name), of, _often(info), Text(info.summary))
    return table


def _often(info: MetricInfo) -> str:
    if info.default_epochs is None:
        return f"{EVERY} steps"
    return "epoch" if info.default_epochs == 1 else f"{info.default_epochs} epochs"


def metric_view(info: MetricInfo) -> Group:
    """All that is known of one."""
    facts = [
        ("from", info.package),
        ("topics", ", ".join(info.topics) or "as its arguments say"),
        *([("or any of", ", ".join(info.allowed))] if info.allowed else []),
        ("each", _often(info)),
    ]
    parts: list[RenderableType] = [
        Text(info.name, style="bold"),
        Padding(Text(flowing(info.description)), (0, 0, 1, 0)),
        _titled("Looks", facts),
    ]
    if info.arguments:
        parts.append(_titled("\nArguments", ((one.name, argument_words(one)) for one in info.arguments)))
    example = as_yaml({"introspection": [example_of(info)]})
    return Group(*parts, Text("\nIn an experiment file", style="bold"), Text(example.rstrip()))


def flowing(text: str) -> str:
    """Lines of a docstring as paragraphs, which the terminal breaks where it must; "Formula:" begins one."""
    return re.sub(r"(?<!\n)\n(?!\n|[A-Z]\w*:)", " ", text)


def argument_words(argument: Argument) -> str:
    """Its kind, and its default."""
    kind = argument.annotation or "any value"
    return (
        f"{kind}, required"
        if argument.is_required
        else f"{kind}, {json.dumps(argument.default, default=str)} by default"
    )


def preset_view(preset: Preset) -> Group:
    """What a preset stands for."""
    lines = ((one.metric, observed_words(one)) for one in preset.metrics)
    return Group(
        Text(f"{preset.name}: {preset.summary}", style="bold"),
        _titled("", lines),
        Text("\nIn an experiment file", style="bold"),
        Text(as_yaml({"introspection": [preset.name]}).rstrip()),
    )


def observed_words(observed: Observed) -> str:
    """Topics and cadence: "weights, biases; every 100 steps"."""
    epochs, every = observed.every_epochs, observed.every
    often = (
        f"every {every} steps"
        if epochs is None
        else "every epoch"
        if epochs == 1
        else f"every {epochs} epochs"
    )
    return "; ".join(filter(None, (", ".join(observed.topics), often)))
