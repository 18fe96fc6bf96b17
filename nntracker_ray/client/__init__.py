"""The Python API for notebooks: submit experiments, act on runs, and have what was recorded as frames and arrays.

import nntracker_ray as nn
experiment = nn.submit("experiment.json")
experiment.wait()
experiment.metrics()
nn.select(tag="nightly", state="failed").resume()
"""

from nntracker_ray.client.command_result import CommandResult
from nntracker_ray.client.many_runs import Experiment, Runs
from nntracker_ray.client.one_run import Run
from nntracker_ray.client.ways_in import ensure_platform, experiment, run, runs, select, sql, submit
from nntracker_ray.session import Session

__all__ = [
    "CommandResult",
    "Experiment",
    "Run",
    "Runs",
    "Session",
    "ensure_platform",
    "experiment",
    "run",
    "runs",
    "select",
    "sql",
    "submit",
]
