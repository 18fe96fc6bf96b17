"""What the page of a new experiment shows: the form, the file, and what would become of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from apps.dashboard import words
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import button
from apps.dashboard.components.trees import Tree
from apps.dashboard.drafts import Draft, complaints
from apps.dashboard.pages.new_fields import Form, named_list
from apps.dashboard.pages.new_inside import inside_part
from apps.dashboard.pages.new_outcome import outcome
from apps.dashboard.pages.new_sources import column_fields, dataset_part, label_column, model_part
from nntracker_ray.config.experiment import ExperimentConfig
from nntracker_ray.errors import Problem
from nntracker_ray.introspection.catalog import Catalog as MetricCatalog
from nntracker_ray.introspection.catalog import known_metrics
from nntracker_ray.models.catalog import Catalog
from nntracker_ray.previewing import Preview
from nntracker_ray.storage.dataset_rows import DatasetRow
from nntracker_ray.storage.model_rows import ModelRow

KEPT = "new-experiment"  # under this name the browser keeps the draft
FOLD_KINDS = (
    ("k-fold", "shuffled rows"),
    ("stratified", "classes spread evenly"),
    ("group", "groups kept together"),
    ("time-series", "in order of time"),
)
SCALINGS = (("none", "as they are"), ("standard", "mean 0, deviation 1"), ("minmax", "from 0 to 1"))
FURTHER = (
    "seed", "repeats", "resources", "max_concurrent", "priority", "checkpoint_period", "checkpoints",
    "learning_rate_schedule", "sweep", "capture",
)  # fmt: skip
MODES = (("", "by its name"), ("min", "least"), ("max", "greatest"))


@dataclass(frozen=True)
class NewPage:
    """Everything that the page shows."""

    draft: Draft
    catalog: Catalog
    models: Sequence[ModelRow] = ()
    datasets: Sequence[DatasetRow] = ()
    found: Preview | None = None  # of an earlier draft while the next one is worked out
    is_current: bool = True
    busy: str = ""  # what is being done with it
    refusals: tuple[Problem, ...] = ()  # what submitting it has found
    chosen: dict[str, DatasetRow] = field(default_factory=dict)  # by place
    model: ModelRow | None = None
    metrics: MetricCatalog = field(default_factory=known_metrics)  # of the inside

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is known to be wrong with the draft."""
        return self.refusals or (self.found.problems if self.found and self.is_current else ())


def new_view(page: NewPage) -> Tree:
    """The whole page."""
    # An empty form needs no complaints: what is to be filled in one sees.
    wrong = complaints(page.problems, page.draft) if page.draft.text.strip() else {}
    form = Form(page.draft, wrong)
    return h(
        "div",
        h("div", h("h1", "New experiment"), _examples(page), cls="title"),
        h("div", _form(page, form), h("div", outcome(page), _file(page), cls="beside"), cls="new-experiment"),
        data_kept=KEPT,
    )


def loading_view() -> Tree:
    """Until the first look at the database is over."""
    return h("div", cls="loading", aria_busy="true", data_kept=KEPT)


def _examples(page: NewPage) -> Tree | None:
    if not page.draft.text.strip():
        return h("p", "Fill in the form or the file: each follows the other.", cls="about")
    return button("Start anew", act="clear", cls="quiet")


def _form(page: NewPage, form: Form) -> Tree:
    parts = (_what, _data, _training, _validation, _inside, _more)
    return h(
        "form", *(part(page, form) for part in parts), data_act="check", cls="parts", aria_label="Experiment"
    )


def _part(title: str, *children: Tree | None) -> Tree:
    return h("section", h("h2", title), *children, cls="card", data_key=title)


def _fields(*children: Tree | None) -> Tree:
    return h("div", *children, cls="fields")


def _what(page: NewPage, form: Form) -> Tree:
    return _part(
        "What",
        h(
            "div",
            form.text("name", "Name", placeholder="what the runs are called", maxlength=100),
            form.text("tags", "Tags", placeholder="several with commas between"),
            cls="two",
        ),
        model_part(form, page.models, page.model),
    )


def _data(page: NewPage, form: Form) -> Tree:
    train, test, validation = (page.chosen.get(f"dataset_{part}") for part in ("train", "test", "val"))
    return _part(
        "Data",
        dataset_part(form, "dataset_train", "Training data", page.datasets, train),
        _fields(label_column(form, train), *column_fields(form, "train", train, "Training")),
        h(
            "div",
            dataset_part(
                form, "dataset_test", "Test data", page.datasets, test, hint="Evaluated once, at the end"
            ),
            dataset_part(
                form,
                "dataset_val",
                "Validation data",
                page.datasets,
                validation,
                hint="Else a part of the training data",
            ),
            cls="two",
        ),
        _fields(
            *column_fields(form, "test", test, "Test"), *column_fields(form, "val", validation, "Validation")
        ),
        _fields(
            form.choice("scaling", "Scale features", SCALINGS, default="none"),
            form.text("one_hot", "Encode text columns", placeholder="none", hint="* for all, or their names"),
        ),
    )


def _training(page: NewPage, form: Form) -> Tree:
    return _part(
        "Training",
        named_list(form, "loss_functions", "Losses", page.catalog),
        named_list(form, "optimizers", "Optimizers", page.catalog),
        _fields(
            form.text(
                "learning_rates",
                "Learning rates",
                placeholder="the optimizer's own",
                hint="Each is tried: 0.01, 0.001",
            ),
            form.number("total_epochs", "Epochs", "required"),
            form.number("batch_size", "Batch size", _default("batch_size")),
            form.number("epoch_period", "Weights every … epochs", _default("epoch_period")),
        ),
        named_list(form, "extra_metrics", "Further metrics", page.catalog),
    )


def _validation(_page: NewPage, form: Form) -> Tree:
    has_folds = form.draft.value("folds.count") is not None
    is_grouped = form.draft.value("folds.kind") == "group"
    folds = (
        form.choice("folds.kind", "Folds hold", FOLD_KINDS, default="k-fold") if has_folds else None,
        form.text("folds.group", "Group column") if is_grouped else None,
        form.text("k_fold_tag", "Tag of the folds") if has_folds else None,
    )
    stops = form.draft.value("early_stopping")
    stopping = (
        form.text("early_stopping.monitor", "Watch", placeholder="val_loss"),
        form.number("early_stopping.patience", "Patience, epochs", 5),
        form.choice("early_stopping.mode", "Better is", MODES),
    )
    return _part(
        "Validation",
        _fields(
            form.number("validation_split", "Share held out", _default("validation_split")),
            form.number("folds.count", "Folds", "none"),
            *folds,
        ),
        form.flag("early_stopping", "Stop a run that no longer gets better"),
        _fields(*stopping) if stops else None,
    )


def _inside(page: NewPage, form: Form) -> Tree:
    cost = page.found.cost if page.found else None
    return inside_part(form, page.metrics, cost.looking if cost else None)


def _more(_page: NewPage, form: Form) -> Tree:
    is_used = any(form.draft.value(place) is not None for place in FURTHER)
    schedule = "step, cosine … or {kind: step, factor: 0.5, every: 10}"
    return h(
        "details",
        h("summary", h("h2", "Seeds, hardware, schedules, sweeps")),
        _fields(
            form.number("seed", "Seed", _default("seed")),
            form.number("repeats", "Repeats", _default("repeats"), hint="Each with a seed of its own"),
            form.number("resources.cpu", "CPUs of one run", 1),
            form.number("resources.gpu", "GPUs of one run", 0, hint="A part of one is possible: 0.5"),
            form.number("max_concurrent", "Runs at the same time", "as many as fit"),
            form.number("priority", "Priority", 0, hint="Of your own runs the higher goes first"),
            form.number("checkpoint_period", "Checkpoint every … epochs", 1),
        ),
        form.text(
            "learning_rate_schedule", "Learning-rate schedule", placeholder="the rate stays", hint=schedule
        ),
        form.text(
            "sweep",
            "Sweep",
            hint="Further lists to try: {batch_size: [16, 64], optimizer.weight_decay: [1e-4, 1e-3]}",
        ),
        form.text(
            "checkpoints", "Kept checkpoints", hint="Beside the last and the best: {every: 5, keep: 3}"
        ),
        form.text("capture", "Captured layers", hint="All, unless: {layers: [dense*]}"),
        cls="card more",
        open=True if is_used else None,
        data_key="more",
    )


def _file(page: NewPage) -> Tree:
    trouble = page.draft.trouble
    return h(
        "section",
        h("h2", h("label", "The same as a file", for_="file")),
        h(
            "textarea",
            id="file",
            value=page.draft.text,
            rows=max(12, min(28, page.draft.text.count("\n") + 3)),
            data_act="file",
            data_live=True,
            spellcheck="false",
            aria_invalid="true" if trouble else None,
            aria_describedby="file-trouble" if trouble else None,
            placeholder="Paste an experiment file here, JSON or YAML",
            cls="file",
        ),
        h("p", trouble, id="file-trouble", cls="wrong", role="alert") if trouble else None,
        cls="card",
        data_key="file",
    )


def _default(key: str) -> str:
    default = ExperimentConfig.model_fields[key].default
    return words.NOTHING if default is None else str(default)
