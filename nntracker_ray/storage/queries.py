"""Every question the platform asks the database, by noun in the modules named here.

The owner is bound inside each statement: what is not there and what is somebody else's look the same.
"""

from nntracker_ray.storage.adaptation_queries import adaptations
from nntracker_ray.storage.checkpoint_queries import checkpoints
from nntracker_ray.storage.command_queries import (
    find_command,
    has_command,
    list_commands,
    repeated_command,
)
from nntracker_ray.storage.experiment_queries import (
    ExperimentRow,
    count_experiments,
    find_experiment,
    list_experiments,
)
from nntracker_ray.storage.finding_queries import (
    all_run_ids,
    experiment_called,
    known_names,
    run_called,
)
from nntracker_ray.storage.layer_queries import (
    LayerHeat,
    ObservedSeries,
    OfEpoch,
    SeriesKind,
    layer_heat,
    observed_series,
)
from nntracker_ray.storage.log_queries import log_lines, log_tail
from nntracker_ray.storage.metric_array_queries import StoredArray, StoredArrays, metric_arrays
from nntracker_ray.storage.metric_queries import layer_curves, learning_curves, thinned_curves
from nntracker_ray.storage.read_only import SqlResult, read_only_sql
from nntracker_ray.storage.run_queries import (
    count_runs,
    find_run,
    fold_membership,
    fold_summary,
    list_runs,
    page_of_runs,
    run_facts,
    run_spec,
    select_runs,
    state_changes,
)
from nntracker_ray.storage.tables import Columns
from nntracker_ray.storage.waiting_queries import FoldSizes, WaitingPlace, fold_sizes, waiting_place
from nntracker_ray.storage.weight_queries import (
    capture_of_epoch,
    captures_of_array,
    layer_weights,
    reduced_weights,
    weight_arrays,
)
from nntracker_ray.storage.work_queries import (
    DeletionCost,
    StateTally,
    WorkRow,
    cost_of_deletion,
    queue_lengths,
    work_in_progress,
)

__all__ = [
    "Columns",
    "DeletionCost",
    "ExperimentRow",
    "FoldSizes",
    "LayerHeat",
    "ObservedSeries",
    "OfEpoch",
    "SeriesKind",
    "SqlResult",
    "StateTally",
    "StoredArray",
    "StoredArrays",
    "WaitingPlace",
    "WorkRow",
    "adaptations",
    "all_run_ids",
    "capture_of_epoch",
    "captures_of_array",
    "checkpoints",
    "cost_of_deletion",
    "count_experiments",
    "count_runs",
    "experiment_called",
    "find_command",
    "find_experiment",
    "find_run",
    "fold_membership",
    "fold_sizes",
    "fold_summary",
    "has_command",
    "known_names",
    "layer_curves",
    "layer_heat",
    "layer_weights",
    "learning_curves",
    "list_commands",
    "list_experiments",
    "list_runs",
    "log_lines",
    "log_tail",
    "metric_arrays",
    "observed_series",
    "page_of_runs",
    "queue_lengths",
    "read_only_sql",
    "reduced_weights",
    "repeated_command",
    "run_called",
    "run_facts",
    "run_spec",
    "select_runs",
    "state_changes",
    "thinned_curves",
    "waiting_place",
    "weight_arrays",
    "work_in_progress",
]
