"""How other threads speak to a training: pause, stop. Nothing else reaches into it."""

from __future__ import annotations

import threading
from enum import StrEnum


class Command(StrEnum):
    """What a training can be asked for."""

    PAUSE = "pause"
    STOP = "stop"


class Mailbox:
    """Holds the wish of the moment; the training reads it between batches. Safe from any thread.

    Stop outranks pause, and neither can be taken back: a training that was asked to leave leaves.
    """

    def __init__(self) -> None:
        self._wish: Command | None = None
        # Set with the first wish: for those who wait for something else meanwhile.
        self.asked = threading.Event()

    def pause(self) -> None:
        """Write a checkpoint after the batch in hand and end; the run goes on later from there."""
        if self._wish is None:
            self._wish = Command.PAUSE
        self.asked.set()

    def stop(self) -> None:
        """End after the batch in hand, keeping a last capture and a checkpoint."""
        self._wish = Command.STOP
        self.asked.set()

    @property
    def wish(self) -> Command | None:
        """What was asked; None to go on."""
        return self._wish

    @property
    def is_asked(self) -> bool:
        """Whether the training is to leave."""
        return self._wish is not None


class LeaveTraining(Exception):  # noqa: N818 (not an error: the way out of `fit()`)
    """Raised inside `fit()` to leave it between two batches."""

    def __init__(self, command: Command) -> None:
        super().__init__(command.value)
        self.command = command
