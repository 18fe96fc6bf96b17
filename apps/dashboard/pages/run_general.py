"""What the tab General says of a run: configuration, data, model, environment, folds; as markup from plain records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.times import Form, local_time
from apps.dashboard.components.trees import Tree
from nntracker_ray.figures import known_metrics
from nntracker_ray.records import JsonValue, RunRow, RunSpec
from nntracker_ray.storage.waiting_queries import FoldSizes

# Facts that cards of their own show, or that are of no use to people.
SHOWN_ELSEWHERE = frozenset(
    {"environment", "model_summary", "checkpoint", "checkpoints", "effective_learning_rate"}
)
LONGEST = 400  # characters of one value


@dataclass(frozen=True, slots=True)
class FoldMean:
    """A metric over the folds and repeats of one configuration."""

    metric: str
    runs: int
    mean: float
    std: float  # with n - 1; nan for one run


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What the cards say, as fetched."""

    row: RunRow
    spec: RunSpec
    facts: Mapping[str, JsonValue]
    fold_means: Sequence[FoldMean] = field(default=())
    fold_sizes: FoldSizes | None = None


def general_view(details: RunDetails) -> Tree:
    """The configuration, what came of it, and where the run stands among its folds."""
    cards = [
        card("Configuration", _list(_configuration(details))),
        card("Data and place", _list(_place(details))),
    ]
    if details.fold_means:
        runs = max(mean.runs for mean in details.fold_means)
        title = f"Mean over {words.plural(runs, 'run')} of this configuration"
        cards.append(card(title, _means(details.fold_means)))
    cards.append(card("Training", _list(_training(details))))
    return h("div", h("div", *cards, cls="cards"), h("div", *_inside(details.facts), cls="cards"))


def _inside(facts: Mapping[str, JsonValue]) -> list[Tree | None]:
    """What the training has told of itself: environment, further facts, model."""
    environment, summary = facts.get("environment"), facts.get("model_summary")
    told = [(key, plain(facts[key])) for key in facts if _is_further(key)]
    pairs = (
        [(key, plain(value)) for key, value in environment.items()] if isinstance(environment, dict) else []
    )
    return [
        card("Environment", _list(pairs)) if pairs else None,
        card("Noted while training", _list(told)) if told else None,
        _model(summary) if isinstance(summary, dict) else None,
    ]


def card(title: str, content: Tree, *, about: str = "", is_wide: bool = False) -> Tree:
    """A titled box."""
    heading = h("h2", f"{title} " if about else title, h("span", about, cls="about") if about else None)
    return h("section", heading, content, cls="card wide" if is_wide else "card", data_key=f"card {title}")


def plain(value: JsonValue) -> str:
    """A value of a fact as one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def ordered_metrics(metrics: Iterable[str]) -> list[str]:
    """As columns: accuracy first, each with its validation and test beside it."""
    present = set(metrics)
    known = [prefix + name for name in known_metrics(present) for prefix in ("", "val_", "test_")]
    return [name for name in known if name in present]


def _is_further(key: str) -> bool:
    return key not in SHOWN_ELSEWHERE and not key.startswith("began_at_step_")


def _list(pairs: Sequence[tuple[str, Tree]]) -> Tree:
    return h("dl", *(part for name, value in pairs for part in (h("dt", name), h("dd", value))))


def _configuration(details: RunDetails) -> list[tuple[str, str]]:
    spec, one = details.spec, details.row.configuration
    effective = details.facts.get("effective_learning_rate")
    asked = words.learning_rate(one.learning_rate) if one.learning_rate else "the optimizer's own"
    in_effect = words.learning_rate(effective) if isinstance(effective, int | float) else words.NOTHING
    return [
        ("Optimizer", words.named(one.optimizer)),
        ("Loss function", words.named(one.loss_function)),
        ("Learning rate asked", asked),
        ("Learning rate in effect", in_effect),
        ("Schedule", _schedule(spec)),
        *((key, str(value)) for key, value in one.sweep.items()),
        ("Batch size", str(spec.batch_size)),
        ("Seed", str(spec.seed)),
        ("Extra metrics", ", ".join(words.named(metric) for metric in spec.extra_metrics) or "none"),
    ]


def _schedule(spec: RunSpec) -> str:
    if spec.schedule is None:
        return "none"
    conf = ", ".join(f"{key} {value}" for key, value in spec.schedule.conf.items())
    return f"{spec.schedule.kind} ({conf})" if conf else spec.schedule.kind


def _every(epochs: int) -> str:
    return "at every epoch" if epochs == 1 else f"every {epochs} epochs"


def _training(details: RunDetails) -> list[tuple[str, Tree]]:
    spec, row = details.spec, details.row
    stopping = spec.early_stopping
    kept = spec.checkpoints
    return [
        ("Epochs", f"{row.epochs_done} of {row.total_epochs}"),
        ("Weights captured", _every(spec.capture.epoch_period)),
        ("Checkpoints", f"last, best{f', every {kept.every} epochs' if kept.every else ''}"),
        ("Early stopping", f"{stopping.monitor}, patience {stopping.patience}" if stopping else "none"),
        ("Scaling of inputs", spec.scaling),
        ("Hardware asked", f"{spec.resources.cpu:g} CPU, {spec.resources.gpu:g} GPU"),
        ("Attempt", str(row.attempt) if row.attempt else "not started"),
        ("Submitted", local_time(row.created_at, Form.SECOND)),
        ("Started", local_time(row.started_at, Form.SECOND)),
        ("Ended", local_time(row.ended_at, Form.SECOND)),
    ]


def _place(details: RunDetails) -> list[tuple[str, str]]:
    spec, row, sizes = details.spec, details.row, details.fold_sizes
    rows = [("Rows of the fold", f"{sizes.train:,} trained on, {sizes.held_out:,} held out")] if sizes else []
    return [
        ("Training data", spec.train.name),
        ("Validation data", spec.validation.name if spec.validation else f"split: {spec.split.kind}"),
        ("Test data", spec.test.name if spec.test else "none"),
        ("Fold", f"{words.fold(row.fold)} of {spec.split.count}" if row.fold is not None else "no folds"),
        *rows,
        ("Split seed", str(spec.split.seed)),
        ("Dataset digest", spec.train.digest[:16]),
        ("Model digest", spec.model_digest[:16]),
    ]


def _model(summary: Mapping[str, JsonValue]) -> Tree | None:
    layers = [layer for layer in summary.get("layers") or () if isinstance(layer, dict)]
    if not layers:
        return None
    titles = (("Layer", ""), ("Kind", ""), ("Output shape", ""), ("Parameters", "num"))
    head = h("thead", h("tr", *(h("th", title, scope="col", cls=cls) for title, cls in titles)))
    table = h("table", head, h("tbody", *map(_layer, layers)), cls="numbers")
    total, trainable = summary.get("parameters"), summary.get("trainable")
    about = (
        f"{total:,} parameters, {trainable:,} trainable"
        if isinstance(total, int) and isinstance(trainable, int)
        else ""
    )
    framed = h("div", table, cls="scroll", tabindex=0, role="region", aria_label="Layers of the model")
    return card("Model", framed, about=about, is_wide=True)


def _layer(layer: Mapping[str, JsonValue]) -> Tree:
    shape = layer.get("output_shape")
    said = (
        words.TIMES.join("batch" if size is None else str(size) for size in shape)
        if isinstance(shape, list)
        else words.NOTHING
    )
    parameters = layer.get("parameters")
    return h(
        "tr",
        h("th", str(layer.get("name", "")), scope="row"),
        h("td", str(layer.get("kind", ""))),
        h("td", said),
        h("td", f"{parameters:,}" if isinstance(parameters, int) else words.NOTHING, cls="num"),
    )


def _means(means: Sequence[FoldMean]) -> Tree:
    order = ordered_metrics(m.metric for m in means)
    numbers = (h("th", title, cls="num", scope="col") for title in ("Mean", "Std", "Runs"))
    head = h("thead", h("tr", h("th", "Metric", scope="col"), *numbers))
    lines = [
        h(
            "tr",
            h("td", words.metric(m.metric)),
            *(h("td", v, cls="num") for v in (words.number(m.mean), words.number(m.std), str(m.runs))),
        )
        for m in sorted(means, key=lambda m: order.index(m.metric))
    ]
    return h("table", head, h("tbody", *lines), cls="numbers")
