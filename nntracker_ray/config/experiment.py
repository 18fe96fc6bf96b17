"""The experiment as a checked, frozen object: every key of the experiment file with its type and default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic.functional_validators import AfterValidator

from nntracker_ray.config.checkpoints import CheckpointsConfig
from nntracker_ray.config.introspection import KEY as INTROSPECTION
from nntracker_ray.config.introspection import Look, look_as_file, observed_by
from nntracker_ray.config.parts import (
    MAX_RUNS,
    CaptureConfig,
    Count,
    EarlyStoppingConfig,
    FoldsConfig,
    Label,
    Location,
    Name,
    Number,
    Part,
    ResourcesConfig,
    Seed,
    Tag,
    early_stopping_given,
    one_hot_given,
    text,
    unique,
)
from nntracker_ray.config.schedule import KEY as SCHEDULE
from nntracker_ray.config.schedule import ScheduleConfig, schedule_as_file, schedule_from, schedule_record
from nntracker_ray.config.values import write_value
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import (
    CaptureSpec,
    DatasetRef,
    EarlyStopping,
    JsonValue,
    LearningRateSchedule,
    NamedConf,
    Observed,
    Resources,
    SplitSpec,
)

# The spelling of the original tracker where it differs from the field's name.
FILE_SPELLING = {
    "k_fold_validation": "k-fold_validation",
    "k_fold_tag": "k-fold_tag",
    "extra_metrics": "extra-metrics",
}
_ENTRY_WORDS = {"optimizers": "optimizer", "loss_functions": "loss_function", "extra_metrics": "metric"}
PARTS = {"train": "train", "validation": "val", "test": "test"}  # part of the data -> prefix in the file


class ExperimentConfig(Part):
    """A checked experiment; made by `read_config`, which also checks what one field alone cannot show."""

    name: Name
    model: Location | dict[str, JsonValue] | None = None  # path or stored name, or inline Keras JSON
    dataset_train: Location
    dataset_test: Location | None = None
    dataset_val: Location | None = None
    batch_size: Count = 32
    total_epochs: Count
    epoch_period: Count = 1
    optimizers: Annotated[tuple[NamedConf, ...], Field(min_length=1)] = (NamedConf("Adam"),)
    loss_functions: Annotated[tuple[NamedConf, ...], Field(min_length=1)]
    learning_rates: Annotated[tuple[Annotated[Number, Field(gt=0)] | None, ...], Field(min_length=1)] = (
        None,
    )
    k_fold_tag: Annotated[str, text(150)] | None = None  # leaves room for the suffix of a configuration
    extra_metrics: tuple[NamedConf, ...] = ()
    tags: Annotated[tuple[Tag, ...], AfterValidator(unique)] = ()
    train_feature_name: Label | None = None
    train_label_name: Label | None = None
    test_feature_name: Label | None = None
    test_label_name: Label | None = None
    val_feature_name: Label | None = None
    val_label_name: Label | None = None
    label_column: Label | None = None
    seed: Seed = 0
    repeats: Annotated[int, Field(strict=True, ge=1, le=MAX_RUNS)] = 1
    folds: FoldsConfig | None = None  # also written as k-fold_validation
    sweep: dict[str, tuple[JsonValue, ...]] = Field(default_factory=dict)  # keys in alphabetical order
    resources: ResourcesConfig = ResourcesConfig()
    max_concurrent: Count | None = None  # runs of this experiment at the same time; None: as many as fit
    priority: Annotated[int, Field(strict=True, ge=-1000, le=1000)] = 0  # the higher goes first
    capture: CaptureConfig = CaptureConfig()
    introspection: tuple[Look, ...] = ()  # presets by name, and metrics
    early_stopping: Annotated[EarlyStoppingConfig | None, BeforeValidator(early_stopping_given)] = None
    backend: Literal["tensorflow"] = "tensorflow"
    one_hot: Annotated[tuple[Label, ...], AfterValidator(unique), BeforeValidator(one_hot_given)] = ()
    scaling: Literal["none", "standard", "minmax"] = "none"
    validation_split: Annotated[Number, Field(ge=0, lt=1)] = 0.2
    checkpoint_period: Count = 1  # epochs
    checkpoints: CheckpointsConfig = CheckpointsConfig()
    learning_rate_schedule: ScheduleConfig | None = None  # None: the learning rate stays as it is

    @property
    def losses(self) -> tuple[NamedConf, ...]:
        """The loss functions."""
        return self.loss_functions

    @property
    def group(self) -> str | None:
        """Column or array that holds the groups, for folds of kind "group"."""
        return self.folds.group if self.folds else None

    @property
    def one_hot_columns(self) -> tuple[str, ...]:
        """Text columns to encode; ("*",) for all of them."""
        return self.one_hot

    @property
    def split(self) -> SplitSpec:
        """How the training set is split: folds, a given validation set, or a held-out share."""
        if folds := self.folds:
            return SplitSpec(
                folds.kind,
                folds.count,
                self.seed if folds.seed is None else folds.seed,
                group=folds.group,
                include_validation=folds.include_validation,
            )
        if self.dataset_val is not None or self.validation_split == 0:
            return SplitSpec("none", 1, self.seed, validation_share=0.0)
        return SplitSpec("hold-out", 1, self.seed, validation_share=self.validation_split)

    @property
    def capture_spec(self) -> CaptureSpec:
        """What every run captures."""
        return CaptureSpec(self.epoch_period, self.capture.weights, self.capture.layers)

    @property
    def resources_spec(self) -> Resources:
        """What every run needs."""
        return Resources(self.resources.cpu, self.resources.gpu)

    @property
    def early_stopping_spec(self) -> EarlyStopping | None:
        """When a run may end early; None: never."""
        return EarlyStopping(**self.early_stopping.model_dump()) if self.early_stopping else None

    @property
    def introspection_spec(self) -> tuple[Observed, ...]:
        """What every run looks at inside; presets spelled out."""
        return observed_by(self.introspection, has_test=self.dataset_test is not None)

    @property
    def has_validation(self) -> bool:
        """Whether every run measures `val_` metrics."""
        return self.split.kind != "none" or self.dataset_val is not None

    def schedule_spec(
        self, point: Mapping[str, JsonValue], *, total_epochs: int
    ) -> LearningRateSchedule | None:
        """How the learning rate of a run changes.

        Args:
            point: The swept values of its configuration.
        """
        schedule = schedule_from(point[SCHEDULE]) if SCHEDULE in point else self.learning_rate_schedule
        if schedule is None:
            return None
        return schedule_record(schedule, total_epochs=total_epochs, has_validation=self.has_validation)

    def dataset_ref(self, part: str, *, digest: str, name: str) -> DatasetRef:
        """The dataset of one part ("train", "validation", "test") once the store knows its digest."""
        prefix = PARTS[part]
        return DatasetRef(
            digest,
            name,
            feature_name=getattr(self, f"{prefix}_feature_name"),
            label_name=getattr(self, f"{prefix}_label_name"),
            label_column=self.label_column,
        )

    def model_json(self) -> str:
        """The inline model as JSON text. Raises: BadInputError: The model is not inline."""
        if not isinstance(self.model, dict):
            raise BadInputError(f"the model is not inline but {self.model!r}")
        return json.dumps(self.model)

    def canonical(self) -> dict[str, JsonValue]:
        """Everything, defaults spelled out, as JSON values: the same however the file was written."""
        values: dict[str, JsonValue] = self.model_dump(mode="json")
        return values

    def as_file(self) -> dict[str, JsonValue]:
        """What a file needs to hold to be read as an equal configuration: defaults left out, usual spellings."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        for key, word in _ENTRY_WORDS.items():
            if key in values:
                values[key] = [_entry(word, entry) for entry in getattr(self, key)]
        if self.learning_rate_schedule:
            values[SCHEDULE] = schedule_as_file(self.learning_rate_schedule)
        if self.introspection:
            values[INTROSPECTION] = [look_as_file(look) for look in self.introspection]
        for key, swept in values.get("sweep", {}).items():
            values["sweep"][key] = [write_value(value) for value in swept]
            values.pop(key, None)
        if self.folds and self.folds == FoldsConfig(count=self.folds.count):
            values["k_fold_validation"] = values.pop("folds")["count"]
        return {FILE_SPELLING.get(key, key): value for key, value in values.items()}

    def identity(self) -> str:
        """Text that is equal exactly for equal experiments, for ids.

        Where model and data lie is left out, as their digests stand for them, and so is the priority, which only
        says when; defaults are left out, so that a later version with more keys gives old files their old identity.
        """
        left_out = {"model", "dataset_train", "dataset_test", "dataset_val", "priority"}
        values = {key: value for key, value in self.as_file().items() if key not in left_out}
        return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _entry(word: str, entry: NamedConf) -> dict[str, JsonValue]:
    return {word: entry.name, "conf": {key: write_value(value) for key, value in entry.conf.items()}}
