"""Under which name the Ray dashboard shows a run whose process trains one run after the other.

Ray asks an actor for its name once, when it is made; naming it after its first run would be wrong from the
second on. Two things can change: the process title (Cluster page, `top`), and the name of each task (task
table of a job). Neither is needed for the training: where Ray has none of it, its own names are shown.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import ray

_TRAIN = "train"  # the method that Tune calls again and again


def show_process_as(name: str) -> None:
    """Name this worker process for the length of the task at hand: Ray names it anew with each."""
    with contextlib.suppress(AttributeError):
        ray._raylet.setproctitle(f"ray::{name}")


def show_tasks_as(actor: Any, name: str) -> None:
    """Let Tune's next calls of a trial's actor be listed under the name of its run."""
    with contextlib.suppress(AttributeError):
        method = getattr(actor, _TRAIN)
        setattr(actor, _TRAIN, _NamedMethod(getattr(method, "unnamed", method), name))


@dataclass(frozen=True, slots=True)
class _NamedMethod:
    """A method of an actor whose calls have a name."""

    unnamed: Any
    name: str

    def remote(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, as Ray's own does."""
        return self.unnamed.options(name=self.name).remote(*args, **kwargs)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.unnamed, attribute)
