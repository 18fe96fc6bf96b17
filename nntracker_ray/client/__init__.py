"""The Python API for notebooks: submit experiments, act on runs, and have what was recorded as frames and arrays.

import nntracker_ray as nn
experiment = nn.submit("experiment.json")
experiment.wait()
experiment.metrics()
nn.select(tag="nightly", state="failed").resume()
nn.connect("https://tracker.example", token).runs()

It speaks HTTP and nothing else: what it can do, every script can (docs/rest.md). Each name is loaded when it is first
used: the command line needs no pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntracker_ray.client.api import Api
    from nntracker_ray.client.command_result import CommandResult
    from nntracker_ray.client.connected import Client
    from nntracker_ray.client.many_runs import Experiment, Runs
    from nntracker_ray.client.one_run import Run
    from nntracker_ray.client.ways_in import (
        connect,
        ensure_platform,
        experiment,
        run,
        runs,
        select,
        sql,
        submit,
    )

_HOMES = {
    "Api": "api",
    "Client": "connected",
    "CommandResult": "command_result",
    "Experiment": "many_runs",
    "Run": "one_run",
    "Runs": "many_runs",
    **dict.fromkeys(
        ("connect", "ensure_platform", "experiment", "run", "runs", "select", "sql", "submit"), "ways_in"
    ),
}

__all__ = [
    "Api",
    "Client",
    "CommandResult",
    "Experiment",
    "Run",
    "Runs",
    "connect",
    "ensure_platform",
    "experiment",
    "run",
    "runs",
    "select",
    "sql",
    "submit",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
