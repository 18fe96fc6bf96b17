"""Every question the platform asks the database, by noun in the modules named here.

The owner is bound inside each statement: what is not there and what is somebody else's look the same.
"""

from nntracker_ray.storage.metric_queries import layer_curves, learning_curves
from nntracker_ray.storage.read_only import SqlResult, read_only_sql
from nntracker_ray.storage.run_queries import (
    count_runs,
    find_run,
    fold_membership,
    fold_summary,
    list_runs,
    run_facts,
    run_spec,
    state_changes,
)
from nntracker_ray.storage.tables import Columns
from nntracker_ray.storage.weight_queries import layer_weights, reduced_weights, weight_arrays

__all__ = [
    "Columns",
    "SqlResult",
    "count_runs",
    "find_run",
    "fold_membership",
    "fold_summary",
    "layer_curves",
    "layer_weights",
    "learning_curves",
    "list_runs",
    "read_only_sql",
    "reduced_weights",
    "run_facts",
    "run_spec",
    "state_changes",
    "weight_arrays",
]
