"""The verbs of notebooks: the same for one run, an experiment, and any selection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntracker_ray.client.api import Api
from nntracker_ray.client.archives import download_archive
from nntracker_ray.client.asking import delete_runs, give_command, selection_body
from nntracker_ray.client.command_result import WAIT_S, CommandResult
from nntracker_ray.commands import Selection, Verb, require_parts
from nntracker_ray.errors import BadInputError
from nntracker_ray.records import JsonValue


class Controlled:
    """Something that stands for runs and can be told what to do with them.

    Each verb returns a `CommandResult`: a table of outcomes, one for each run. A run for which a verb makes no
    sense refuses it there, with the reason; `result.check()` raises instead. With a `key` a cell that is run again
    does nothing twice: the same key is the same command.
    """

    __slots__ = ()

    def pause(self, *, wait: bool = True, timeout_s: float = WAIT_S) -> CommandResult:
        """Leave after the batch in hand, keep everything, give the hardware back.

        Args:
            wait: Whether to wait until the runs at work have left.
            timeout_s: How long at most.
        """
        return self._settled(Verb.PAUSE, wait, timeout_s)

    def resume(self) -> CommandResult:
        """Queue paused, stopped or failed runs again; each goes on at the very batch where it left."""
        return self._command(Verb.RESUME)

    def stop(self, *, wait: bool = True, timeout_s: float = WAIT_S) -> CommandResult:
        """End after the batch in hand with a last capture and a checkpoint. Arguments as `pause`."""
        return self._settled(Verb.STOP, wait, timeout_s)

    def delete(self, *, confirm: bool = False, wait: bool = True, timeout_s: float = WAIT_S) -> CommandResult:
        """Remove everything, also from the disk. Raises: BadInputError: `confirm` is not True."""
        if confirm is not True:
            raise BadInputError("this deletes runs with everything of theirs; to go on, say confirm=True")
        return self._settled(Verb.DELETE, wait, timeout_s)

    def extend(self, epochs: int, *, key: str | None = None) -> CommandResult:
        """Make so many epochs on top; runs that have ended are queued again."""
        return self._command(Verb.EXTEND, {"epochs": epochs}, key=key)

    def fork(
        self,
        checkpoint: str | int = "last",
        *,
        name: str | None = None,
        key: str | None = None,
        **changes: JsonValue,
    ) -> CommandResult:
        """New runs that go on from a checkpoint with changed values: `run.fork("best", learning_rate=0.01)`.

        Args:
            checkpoint: "last", "best", "epoch-0004", or the number of an epoch (0-based).
            name: Of the new run; given by the platform if None.
            changes: As in the experiment file: learning_rate, batch_size, optimizer, total_epochs, ...
        Returns: a result with the `new_runs`.
        """
        named = {"name": name} if name else {}
        return self._command(Verb.FORK, {"checkpoint": checkpoint, "changes": changes, **named}, key=key)

    def rerun(self, *, key: str | None = None) -> CommandResult:
        """New runs of the same values and seeds, from the beginning. Returns: a result with the `new_runs`."""
        return self._command(Verb.RERUN, key=key)

    def prioritise(self, priority: int) -> CommandResult:
        """Move forward (up to 1000) or back (down to -1000) among your own runs that wait."""
        return self._command(Verb.PRIORITISE, {"priority": priority})

    def archive(self, path: Path | str, *, checkpoints: bool = False) -> Path:
        """Write everything about these runs to a new zip, which people can read without NNTracker. Returns its path.

        Args:
            checkpoints: Also the checkpoints, which make it many times as large.
        Raises: BadInputError: There is a file already, or it cannot be written.
        """
        api, selection = self._controls()
        require_parts(selection)
        download_archive(api, selection_body(selection), Path(path), checkpoints=checkpoints)
        return Path(path)

    def _controls(self) -> tuple[Api, Selection]:
        """Who is asked, and which runs are meant."""
        raise NotImplementedError

    def _settled(self, verb: Verb, wait: bool, timeout_s: float) -> CommandResult:
        result = self._command(verb)
        return result.wait(timeout_s) if wait and not result.row.is_settled else result

    def _command(
        self, verb: Verb, arguments: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> CommandResult:
        api, selection = self._controls()
        require_parts(selection)
        body = selection_body(selection)
        if verb is Verb.DELETE:
            return CommandResult(api, delete_runs(api, body, key=key))
        return CommandResult(api, give_command(api, verb, body, arguments=arguments, key=key))
