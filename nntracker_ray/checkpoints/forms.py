"""What a checkpoint can be written as, and which one a word means. Pure."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from nntracker_ray.checkpoints.info import epoch_name, kind_of
from nntracker_ray.errors import BadInputError


class Form(StrEnum):
    """What a checkpoint can be written as."""

    KERAS = "keras"  # a model that plain Keras loads
    WEIGHTS = "weights"  # its arrays as NPZ
    CHECKPOINT = "checkpoint"  # everything that a run needs to go on

    @property
    def suffix(self) -> str:
        """The ending of such a file."""
        return {Form.KERAS: ".keras", Form.WEIGHTS: ".npz", Form.CHECKPOINT: ".ckpt"}[self]

    @property
    def words(self) -> str:
        """What such a file is, for people."""
        names = {Form.KERAS: "Keras model", Form.WEIGHTS: "weights (NPZ)", Form.CHECKPOINT: "checkpoint"}
        return names[self]


def form_of_suffix(path: Path) -> Form:
    """What to write into a file of this name. Raises: BadInputError: Its ending stands for nothing."""
    for form in Form:
        if path.suffix.lower() == form.suffix:
            return form
    allowed = ", ".join(f"{form.suffix} ({form.words})" for form in Form)
    raise BadInputError(f"{path.name!r} says not what to write; end it with one of: {allowed}")


def checkpoint_name(word: str) -> str:
    """The name that a word means: an epoch by its number, or the name itself. Raises: NotFoundError: It is none.

    >>> checkpoint_name("4"), checkpoint_name("best")
    ('epoch-0004', 'best')
    """
    name = epoch_name(int(word)) if word.isdecimal() and len(word) < 10 else word
    kind_of(name)
    return name
