"""What must be settled once per process, before TensorFlow does anything: threads and determinism."""

from __future__ import annotations

import os
import sys
import threading

from nntracker_ray.errors import ConflictError

SWITCH_INTERVAL_S = 0.0005

_lock = threading.Lock()
_configured: int | None = None


def configure_process(threads: int) -> None:
    """Give TensorFlow its threads and make its operations deterministic; asking the same again changes nothing.

    The number of threads is part of what determines the bits of a training: sums are taken in another order
    with another number. It is kept in every checkpoint and recorded as a fact.

    Args:
        threads: Cores of one operation and operations at once, >= 1.
    Raises:
        ValueError: `threads` is less than 1.
        ConflictError: The process already has another number, or TensorFlow already works without one.
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}")
    global _configured  # noqa: PLW0603 (TensorFlow itself is one per process)
    with _lock:
        if _configured is None:
            _settle(threads)
            _configured = threads
        elif _configured != threads:
            raise ConflictError(
                f"this process trains with {_configured} threads and was asked for {threads}; "
                "TensorFlow settles this once. Start another process."
            )


def configured_threads() -> int | None:
    """Threads given by `configure_process`; None before."""
    return _configured


def _settle(threads: int) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        raise ConflictError(
            "TensorFlow already works in this process, its threads can no longer be set; "
            "call configure_process before anything that uses it"
        ) from error
    tf.config.experimental.enable_op_determinism()
    # Threads beside the training (encoding, spooling) may keep the interpreter for this long whenever it wants to
    # begin its next step. Python's default, 5 ms, is several steps of a small model.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
