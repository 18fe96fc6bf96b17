"""The states of runs: who says what has become of one, by the rules of `nntracker_ray.states`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from nntracker_ray.errors import ConflictError, StaleAttemptError
from nntracker_ray.records import RunState
from nntracker_ray.states import AT_WORK, WITHOUT_TRAINER, Speaker, require_possible
from nntracker_ray.storage.binary_copy import storable
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.run_locks import LockedRun, lock_run
from nntracker_ray.storage.settling import settle
from nntracker_ray.storage.sql_files import query
from nntracker_ray.storage.visible import no_such_run

MANAGER: Final = "run-manager"  # who speaks, in the history of a run


def change_state(
    conn: Connection,
    *,
    run_id: UUID,
    state: RunState,
    by: str,
    why: str = "",
    attempt: int | None = None,
    error: str | None = None,
    hold: str | None = None,
) -> RunState:
    """Note that a run has reached a state. Saying again what is already so changes nothing.

    What a person wished outlives a trainer's word: one that says `running` while the run is pausing or stopping has
    made its first step, no more; one that says `queued` or `paused` has left, so the run is paused or stopped.
    Commands that waited for the state are settled, and a run that was to be deleted then is gone.

    Args:
        by: Who: a person's name, "run-manager", "trainer".
        attempt: The trainer's attempt; None when it is not a trainer who speaks.
        error: Message and traceback of a failure; kept in the history for ever.
        hold: "disk" with `paused`: the run goes on by itself once there is room. Not of a run that a person has asked
            to pause.
    Returns: the state that the run has now.
    Raises:
        NotFoundError: No such run.
        StaleAttemptError: `attempt` is not the run's newest.
        ConflictError: The run's state does not allow this; the message says what is possible.
    """
    run = lock_run(conn, run_id)
    if run is None:
        raise no_such_run(run_id)
    if attempt is not None and attempt != run.attempt:
        raise StaleAttemptError(
            f"attempt {attempt} of run {run_id} says {state}, but attempt {run.attempt} has taken over"
        )
    speaker = _speaker(by, attempt)
    reached = _as_wished(run.state, state) if speaker is Speaker.TRAINER else state
    if reached is not run.state:
        require_possible(run.state, reached, speaker)
        _require_hold(run, reached, speaker)
        kept = hold if run.state is not RunState.PAUSING else None
        set_states(conn, [run.run_no], reached, by=by, why=why, error=error, hold=kept, speaker=speaker)
    elif state is RunState.RUNNING:
        conn.execute(query("note_first_step"), {"run_no": run.run_no})
    return reached


def set_states(
    conn: Connection,
    run_nos: Sequence[int],
    state: RunState,
    *,
    by: str,
    why: str = "",
    error: str | None = None,
    hold: str | None = None,
    speaker: Speaker = Speaker.PERSON,
) -> None:
    """Set the state of locked runs that may take it, and settle what waited for it.

    The caller has locked them and knows that the change is possible for each of them.
    """
    # What a library raises may hold anything; a run whose last word cannot be written would be tried for ever.
    said = {"why": storable(why), "error": None if error is None else storable(error)}
    values = {"run_nos": list(run_nos), "state": state.value, "by": by, **said}
    flags = {
        "is_final": state.is_final,
        "is_at_work": state in AT_WORK,
        "is_trainer": speaker is Speaker.TRAINER,
    }
    conn.execute(query("set_run_state"), {**values, **flags, "hold": hold})
    settle(conn, run_nos, state)


def heartbeat(conn: Connection, *, run_no: int, attempt: int) -> RunState | None:
    """Say that the trainer of this attempt lives.

    Returns: the run's state, so that a trainer hears what it was asked even when it missed the notification; one
        that is not at work any more has no use for a trainer. None: a newer attempt exists, or the run is deleted.
    """
    row = conn.execute(query("heartbeat"), {"run_no": run_no, "attempt": attempt}).fetchone()
    return None if row is None else RunState(row[0])


def leave_without_trainer(conn: Connection, runs: Sequence[LockedRun], *, why: str) -> None:
    """Say of locked runs at work that nobody trains them: queued again, or paused or stopped if that was asked for."""
    for before, after in WITHOUT_TRAINER.items():
        if run_nos := [run.run_no for run in runs if run.state is before]:
            set_states(conn, run_nos, after, by=MANAGER, why=why, speaker=Speaker.MANAGER)


def _speaker(by: str, attempt: int | None) -> Speaker:
    if by == MANAGER:
        return Speaker.MANAGER
    return Speaker.PERSON if attempt is None else Speaker.TRAINER


def _as_wished(now: RunState, said: RunState) -> RunState:
    """What a trainer's word means for a run that a person has asked to pause or to stop."""
    match now, said:
        case (RunState.PAUSING | RunState.STOPPING, RunState.RUNNING):
            return now
        case (RunState.PAUSING | RunState.STOPPING, RunState.QUEUED | RunState.PAUSED):
            return WITHOUT_TRAINER[now]
    return said


def _require_hold(run: LockedRun, state: RunState, speaker: Speaker) -> None:
    """A run that a person has paused waits for a person."""
    if speaker is Speaker.MANAGER and run.state is RunState.PAUSED and run.hold is None:
        raise ConflictError(
            f"the run was paused by a person, and the {speaker} says {state}; only resume queues it again"
        )
