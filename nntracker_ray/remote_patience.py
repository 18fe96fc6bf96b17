"""How long a remote place that does not answer is waited for."""

from __future__ import annotations

import threading
from typing import Final

from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from nntracker_ray.errors import RemoteError

PATIENCE_S: Final = 120.0


def patience(unwanted: threading.Event) -> Retrying:
    """Calls again what raises RemoteError, for two minutes or until `unwanted` is set; then the error is raised."""
    return Retrying(
        retry=retry_if_exception_type(RemoteError),
        wait=wait_random_exponential(multiplier=0.5, max=10.0),
        stop=stop_after_delay(PATIENCE_S) | stop_when_event_set(unwanted),
        sleep=sleep_using_event(unwanted),
        reraise=True,
    )
