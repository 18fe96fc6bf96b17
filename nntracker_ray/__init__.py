"""NNTracker on Ray: launch Keras trainings, look inside them while they run, keep everything.

Importing this package loads nothing heavy; each name is fetched when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntracker_ray.client import (
        Client,
        CommandResult,
        Experiment,
        Run,
        Runs,
        connect,
        experiment,
        run,
        runs,
        select,
        sql,
        submit,
    )
    from nntracker_ray.errors import (
        BadInputError,
        ConfigError,
        ConflictError,
        DatasetError,
        ModelError,
        NNTrackerError,
        NotFoundError,
    )

__version__ = "0.1.0"

_HOMES = {
    "connect": "client",
    "submit": "client",
    "experiment": "client",
    "run": "client",
    "runs": "client",
    "select": "client",
    "sql": "client",
    "Experiment": "client",
    "Run": "client",
    "Runs": "client",
    "Client": "client",
    "CommandResult": "client",
    "NNTrackerError": "errors",
    "BadInputError": "errors",
    "ConfigError": "errors",
    "ConflictError": "errors",
    "DatasetError": "errors",
    "ModelError": "errors",
    "NotFoundError": "errors",
}

__all__ = [
    "BadInputError",
    "Client",
    "CommandResult",
    "ConfigError",
    "ConflictError",
    "DatasetError",
    "Experiment",
    "ModelError",
    "NNTrackerError",
    "NotFoundError",
    "Run",
    "Runs",
    "connect",
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


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
