"""Under which name Ray shows a process that trains one run after the other.

Ray has no public way to rename an actor that is alive. What it offers to its own is used here, and in no other
place; without it the dashboard shows the name of the class.
"""

from __future__ import annotations

import contextlib

import ray


def show_as(name: str) -> None:
    """Show this worker under a name: in the process list of the dashboard's Cluster page, and for its next tasks."""
    with contextlib.suppress(AttributeError, ValueError):
        ray._private.worker.global_worker.core_worker.set_actor_repr_name(name)
    with contextlib.suppress(AttributeError):
        ray._raylet.setproctitle(f"ray::{name}")  # Ray sets it anew with each task
