"""A real Ray for a test module, on this machine alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ray

from actors.metrics_writer import NAMESPACE


@contextmanager
def local_ray(cpus: int = 2) -> Iterator[None]:
    """A Ray of our own, gone afterwards. It asks for the token that tests/conftest.py has made."""
    ray.init(
        address="local",
        num_cpus=cpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        namespace=NAMESPACE,
        object_store_memory=200 * 2**20,
    )
    try:
        yield
    finally:
        ray.shutdown()
