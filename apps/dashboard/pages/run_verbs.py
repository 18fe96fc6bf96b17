"""What may be asked of a run in each state, and what the buttons say."""

from __future__ import annotations

from collections.abc import Mapping

from nntracker_ray.commands import Verb
from nntracker_ray.records import RunState

# The likeliest first.
VERBS: Mapping[RunState, tuple[Verb, ...]] = {
    RunState.QUEUED: (
        Verb.PAUSE,
        Verb.STOP,
        Verb.PRIORITISE,
        Verb.EXTEND,
        Verb.FORK,
        Verb.RERUN,
        Verb.DELETE,
    ),
    RunState.STARTING: (Verb.PAUSE, Verb.STOP, Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.RUNNING: (Verb.PAUSE, Verb.STOP, Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.PAUSING: (Verb.STOP, Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.PAUSED: (Verb.RESUME, Verb.STOP, Verb.EXTEND, Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.STOPPING: (Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.STOPPED: (Verb.RESUME, Verb.EXTEND, Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.FINISHED: (Verb.EXTEND, Verb.FORK, Verb.RERUN, Verb.DELETE),
    RunState.FAILED: (Verb.RESUME, Verb.FORK, Verb.RERUN, Verb.EXTEND, Verb.DELETE),
}
WORDS = {
    Verb.PAUSE: "Pause", Verb.RESUME: "Resume", Verb.STOP: "Stop", Verb.EXTEND: "Extend …", Verb.FORK: "Fork …",
    Verb.RERUN: "Train again", Verb.DELETE: "Delete …", Verb.PRIORITISE: "Go sooner …",
}  # fmt: skip
