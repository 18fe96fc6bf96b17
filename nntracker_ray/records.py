"""The frozen records that travel between the parts: what is to be trained, and what training reports.

They are checked where they are made (`config`, `datasets`, `models`) and trusted everywhere after. They pass
through JSON (`to_json`, `from_json`) into the database and through Ray to the workers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

JsonValue: TypeAlias = Any  # None, bool, int, float, str, list or dict of the same
T = TypeVar("T")


class RunState(StrEnum):
    """Where a run stands. A state is written only after it has really happened."""

    QUEUED = "queued"  # waits for its CPUs and GPUs
    STARTING = "starting"  # a worker has it and builds the model
    RUNNING = "running"  # has made its first step
    PAUSING = "pausing"  # asked to pause; still at work
    PAUSED = "paused"  # checkpoint written, hardware given back
    STOPPING = "stopping"  # asked to stop; still at work
    STOPPED = "stopped"  # ended before its last epoch, by a person
    FINISHED = "finished"  # made every epoch and the test evaluation
    FAILED = "failed"  # ended by an error, which is kept

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the run by itself."""
        return self in (RunState.STOPPED, RunState.FINISHED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class NamedConf:
    """A Keras object by name, with its arguments: an optimizer, a loss or a metric."""

    name: str  # class name as Keras spells it: "RMSprop", "SparseCategoricalCrossentropy"
    conf: dict[str, JsonValue] = field(default_factory=dict)  # constructor arguments, already parsed


@dataclass(frozen=True, slots=True)
class Configuration:
    """One point of the grid."""

    optimizer: NamedConf
    loss_function: NamedConf
    learning_rate: (
        float | None
    )  # asked for; None leaves the optimizer's own. The effective one is recorded as a fact
    sweep: dict[str, JsonValue] = field(default_factory=dict)  # further swept values: {"batch_size": 64}


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A dataset in the store, and which of its parts are features and labels."""

    digest: str  # content digest in the dataset store, hex
    name: str  # for people: file or stored name
    feature_name: str | None = None  # array name inside an NPZ
    label_name: str | None = None  # array name inside an NPZ
    label_column: str | None = None  # label of a tabular file


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """How the training set of an experiment is split."""

    kind: str  # "k-fold" | "stratified" | "group" | "time-series" | "hold-out" | "none" (a validation set was given)
    count: int  # number of folds k; 1 for hold-out and none
    seed: int
    group: str | None = None  # column or NPZ array that holds the groups, for "group"
    validation_share: float = 0.2  # share held out, for "hold-out"
    include_validation: bool = False  # folds are cut from training and validation set together


@dataclass(frozen=True, slots=True)
class CaptureSpec:
    """What is stored of the inside of the network, and when."""

    epoch_period: int  # at epochs 0, p, 2p, ... and the last
    weights: bool = True
    layers: tuple[str, ...] = ("*",)  # glob patterns on layer names


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Stop when a metric no longer improves (keras.callbacks.EarlyStopping)."""

    monitor: str = "val_loss"
    patience: int = 5  # epochs
    min_delta: float = 0.0  # in the metric's own unit
    mode: str = "auto"  # "min" | "max" | "auto"
    restore_best: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """What one run needs of a machine."""

    cpu: float = 1.0  # cores
    gpu: float = 0.0  # GPUs, fractions allowed


@dataclass(frozen=True, slots=True)
class LearningRateSchedule:
    """How the learning rate changes from epoch to epoch."""

    kind: str  # "constant" | "step" | "exponential" | "cosine" | "plateau" | "policy"
    conf: dict[str, JsonValue] = field(default_factory=dict)  # arguments of the kind, defaults spelled out


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """Which checkpoints of a run are kept beside the last one, and where."""

    every: int | None = None  # keep one each so many epochs; None: none of these
    keep: int = 3  # so many of them, the newest
    best: str | None = None  # metric of the best one; None: val_loss, or loss where there is no validation
    mode: str = "auto"  # "min" | "max" | "auto": which way that metric is better
    at_pause: bool = True  # a pause keeps one of its own
    max_bytes: int | None = None  # of all that is kept of one run, the last one left out
    location: str | None = None  # a pyarrow filesystem by URI: "s3://bucket/folder"; None: here alone


@dataclass(frozen=True, slots=True)
class Observed:
    """One metric of the inside of the network, and when it is taken."""

    metric: str  # its name in the catalogue: "mean", "ratio", or a plug-in's
    conf: dict[str, JsonValue] = field(default_factory=dict)  # arguments of the metric
    topics: tuple[str, ...] = ()  # for metrics of any tensor; () leaves the metric's own
    every: int | None = 100  # steps; counted from the first of the run
    every_epochs: int | None = None  # instead of `every`: at the last step of each so many epochs
    layers: tuple[str, ...] = ("*",)  # glob patterns on layer names
    budget: float = 0.1  # share of the training time that it may take
    limit_s: float = 30.0  # that one look may take


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fork goes on from."""

    run_id: UUID  # its parent
    checkpoint: str  # name of the parent's checkpoint: "last", "best", "epoch-0004"
    run_no: int | None = None  # the parent's: its id comes back when it is deleted and submitted again


@dataclass(frozen=True, slots=True)
class RunSpec:
    """Everything that determines one training: (spec, seed) -> the same bits on the same CPU kind."""

    run_id: UUID
    experiment_id: UUID
    name: str  # "FileSim (LR1) (2)"
    position: int  # 0-based place in the grid
    configuration: Configuration
    configuration_index: int  # 0-based; equal for the folds and repeats of one configuration
    fold: int | None  # 0-based held-out part; None without folds
    repeat: int  # 0-based
    seed: int
    split: SplitSpec
    batch_size: int
    total_epochs: int
    model_digest: str  # of the model in the model store, hex
    train: DatasetRef
    validation: DatasetRef | None
    test: DatasetRef | None
    capture: CaptureSpec
    extra_metrics: tuple[NamedConf, ...] = ()
    tags: tuple[str, ...] = ()
    resources: Resources = Resources()
    early_stopping: EarlyStopping | None = None
    one_hot: tuple[str, ...] = ()  # text columns to encode; ("*",) for all
    scaling: str = "none"  # "none" | "standard" | "minmax", fitted on the training part only
    checkpoint_period: int = 1  # epochs between checkpoints
    checkpoints: CheckpointPolicy = CheckpointPolicy()
    schedule: LearningRateSchedule | None = None  # None: the learning rate stays as it is
    origin: Origin | None = None  # a fork's parent; None begins with new weights
    priority: int = 0  # among the owner's own runs the higher goes first
    introspection: tuple[Observed, ...] = ()  # what is looked at inside, beside the captures


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to train one run: the highest attempt is the only one whose word counts."""

    run_no: int  # the database's own number of the run
    run_id: UUID
    attempt: int  # 1-based, grows with every claim: the fencing number
    spec: RunSpec


# --- what training reports -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One measured number of a run."""

    metric: str  # "val_accuracy"
    epoch: int  # 0-based, as Keras counts
    step: int  # optimizer updates made since the start of the run; 0-based end: 45 after the first 45 updates
    value: (
        float  # in the metric's own unit: accuracy is a fraction 0-1, times are seconds; nan and inf allowed
    )
    measured_at: datetime  # UTC, when the training process saw it
    layer: str = ""  # layer name for a layer metric
    tensor: str = ""  # "kernel", "bias", ... for a layer metric


@dataclass(frozen=True, slots=True, eq=False)
class WeightArray:
    """One array of one layer at one epoch, in its own dtype and shape."""

    layer_index: int  # place of the layer in the model, 0-based
    layer_name: str  # "dense_4"
    tensor: str  # "kernel", "bias", "gamma", "moving_mean", ...
    array: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """Every weight array of a run at the end of one epoch."""

    epoch: int  # 0-based
    step: int  # optimizer updates made
    arrays: tuple[WeightArray, ...]
    measured_at: datetime  # UTC


@dataclass(frozen=True, slots=True, eq=False)
class MetricArray:
    """What a look inside has found that is more than one number: a histogram, a row of similarities."""

    metric: str  # "weights/histogram"
    epoch: int  # 0-based
    step: int  # optimizer updates made, the one looked at among them
    values: NDArray[Any]  # counts of a histogram, (bins,); else any shape
    edges: NDArray[np.float64] | None  # of a histogram, ascending, (bins + 1,)
    measured_at: datetime  # UTC
    layer: str = ""
    tensor: str = ""


@dataclass(frozen=True, slots=True)
class RunFact:
    """Something true of the run as a whole: the effective learning rate, the environment, the model summary."""

    key: str  # "effective_learning_rate", "environment", "model_summary", "scaling", "checkpoint"
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One effective change of a value that governs a training."""

    parameter: str  # "learning_rate"
    epoch: int  # 0-based: the first epoch trained with the new value
    step: int  # optimizer updates made before the change
    old: float
    new: float
    cause: str  # the rule or the person behind it: "step: x 0.5 every 10 epochs"
    measured_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a run printed, warned of or logged."""

    line_no: int  # 0-based within the attempt
    source: str  # "stdout" | "stderr" | "warning" | "log"
    level: str  # of a log line: "INFO", "WARNING", ...; "" for the others
    text: str  # without the line's end
    measured_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is; sent after everything else of the epoch, so that a seen epoch is a complete one."""

    epochs_done: int
    steps_done: int
    measured_at: datetime  # UTC


Record: TypeAlias = MetricPoint | MetricArray | Capture | RunFact | Adaptation | LogLine | Progress


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one attempt of one run, in the order they were made."""

    run_no: int
    attempt: int
    records: tuple[Record, ...]


# --- what the platform shows ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists show it."""

    run_no: int
    run_id: UUID
    experiment_id: UUID
    experiment: str
    name: str
    state: RunState
    attempt: int
    fold: int | None  # 0-based
    configuration: Configuration
    configuration_index: int
    epochs_done: int
    total_epochs: int
    error: str | None
    tags: tuple[str, ...]
    created_at: datetime  # UTC, as all below
    started_at: datetime | None
    ended_at: datetime | None
    metrics: dict[str, float]  # last value of every metric
    parent_id: UUID | None = None  # of the run that this one was made from, while it is there
    origin: str | None = None  # "fork" | "rerun"; None: submitted
    inherited_epochs: int = 0  # complete epochs that a fork has from its parent
    owner: str = ""  # by name


_adapters: dict[Any, TypeAdapter[Any]] = {}  # building one takes milliseconds


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def to_json(record: object) -> str:
    """The record as JSON text."""
    return _adapter(type(record)).dump_json(record).decode()


def from_json(kind: type[T], text: str | bytes) -> T:
    """The record back from `to_json`. Raises: pydantic.ValidationError on text that is not one."""
    record: T = _adapter(kind).validate_json(text)
    return record


def little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """The array, C-ordered and little-endian, copied only when it must be."""
    ordered = np.ascontiguousarray(array)
    return ordered.astype(ordered.dtype.newbyteorder("<"), copy=False)
