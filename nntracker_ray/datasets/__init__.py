"""Datasets: read in a confined process, kept by content digest, handed out as examples for training.

The names below are loaded on first use: the confined reader imports this package too, and must start fast
and without the parts that it must never need (sockets, HTTP, locks).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntracker_ray.datasets.encoding import Encoding
    from nntracker_ray.datasets.examples import Examples, joined, load_examples
    from nntracker_ray.datasets.fetch import FetchRules, fetch
    from nntracker_ray.datasets.inference import ColumnInfo
    from nntracker_ray.datasets.limits import Limits
    from nntracker_ray.datasets.store import DatasetStore
    from nntracker_ray.datasets.stored import StoredDataset

_HOMES = {
    "ColumnInfo": "inference",
    "DatasetStore": "store",
    "Encoding": "encoding",
    "Examples": "examples",
    "FetchRules": "fetch",
    "Limits": "limits",
    "StoredDataset": "stored",
    "fetch": "fetch",
    "joined": "examples",
    "load_examples": "examples",
}
__all__ = [
    "ColumnInfo",
    "DatasetStore",
    "Encoding",
    "Examples",
    "FetchRules",
    "Limits",
    "StoredDataset",
    "fetch",
    "joined",
    "load_examples",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
