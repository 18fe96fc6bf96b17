"""What a metric of the inside of a network is: the interface of plug-ins, and of all that is built in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from nntracker_ray.introspection.messages import Message, Value


class Subscriber(ABC):
    """Listens to some topics and makes numbers, histograms or arrays of them. One instance serves one run.

    Arguments of its constructor are what users write under `conf`; each has a default or is required by name.
    An exception, an answer that takes too long, a result that cannot be stored: each suspends this subscriber and is
    reported. Training goes on and gives the same weights.

    Results are recorded as `topic/key` of the message's layer and tensor, where `topic` is the first of `topics`; a
    key that holds a "/" is recorded as it is. Numbers are topics as well, under the name they are recorded by.
    """

    # What is delivered together. Topics of arrays meet by layer and tensor, those of calls by layer and call, those
    # of a step go to all.
    topics: tuple[str, ...] = ()
    # It makes sense for any tensor: users choose the topics, and each gets an instance of its own, whose `topics` is
    # set to (topic,) once it is made; its constructor knows nothing of it.
    any_tensor: ClassVar[bool] = False
    # One message a step with {(layer, tensor): value} for each topic, after all others of that step.
    gathers: ClassVar[bool] = False

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """What is to leave the device; traced into the compiled look, so without Python branches on values.

        Args:
            values: A tensor for each topic.
            ops: `keras.ops`, and the functions of `introspection.on_keras.device_ops`.
        Returns: Tensors by names of your choice. By default the values as they are, which copies them to the host.
        """
        del ops
        return values

    @abstractmethod
    def measure(self, message: Message) -> Mapping[str, Value]:
        """The results of one message, by key; in a thread beside the training, one message after the other."""

    def memory(self) -> Mapping[str, NDArray[Any]]:
        """What it must know again when the run goes on after a pause; kept in checkpoints."""
        return {}

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take `memory` of an earlier attempt back."""
        del memory


class LossSurface(Protocol):
    """The loss of the step's batch as a function of the trained arrays, at the weights before the update.

    Asked in `reduce`, on the training's own thread; what it is asked leaves the model as it was. Vectors are lists of
    tensors, one for each trained array, in the order of `shapes`.
    """

    shapes: tuple[tuple[int, ...], ...]
    rows: int  # of the batch

    def curvature(self, vector: list[Any]) -> list[Any]:
        """Hessian of the batch's loss times a vector (Pearlmutter 1994), in training mode."""
        ...

    def gradient(self, first: int, last: int) -> list[Any]:
        """Gradient of the mean loss of the rows first .. last - 1 of the batch."""
        ...

    def test(self) -> Mapping[str, float]:
        """Keras' metrics on the test set, in inference mode. Raises: LookupError: The run has none."""
        ...
