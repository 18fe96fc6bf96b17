"""Collects what is wrong with a model, so that all of it is said at once."""

from __future__ import annotations

from nntracker_ray.errors import ModelError

MOST_SHOWN = 20
MOST_KEPT = 200  # then reading stops: looking for near names takes time that a hostile text must not have


class Findings:
    """Problems found so far."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def add(self, where: str, message: str) -> None:
        """Note one problem. `where` names the layer: "layer 'dense_4' (Dense)".

        Raises: ModelError: this was the 200th.
        """
        self._messages.append(f"{where}: {message}")
        if len(self._messages) >= MOST_KEPT:
            self.raise_if_any()

    def raise_if_any(self) -> None:
        """Raises: ModelError: naming the problems, the first 20 of them in full."""
        count = len(self._messages)
        if count == 1:
            raise ModelError(self._messages[0])
        if count:
            lines = [f"  - {message}" for message in self._messages[:MOST_SHOWN]]
            if count > MOST_SHOWN:
                lines.append(f"  - and {count - MOST_SHOWN} more")
            raise ModelError("\n".join([f"the model has {count} problems", *lines]))

    def __bool__(self) -> bool:
        return bool(self._messages)


def layer_label(prefix: str, name: object, class_name: object) -> str:
    """How messages name a layer: "layer 'inner/dense_1' (Dense)"."""
    return f"layer {(prefix + str(name))[:120]!r} ({str(class_name)[:60]})"
