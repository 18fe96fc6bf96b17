"""Telling Ray's autoscaler which hardware runs have and wait for. Where none runs nobody reads it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ray.autoscaler.sdk import request_resources
from ray.core.generated.autoscaler_pb2 import GetClusterStatusReply
from ray.experimental.internal_kv import internal_kv_get_gcs_client

from nntracker_ray.records import Resources

STATUS_TIMEOUT_S = 5.0

_Shape: TypeAlias = frozenset[tuple[str, float]]


class Autoscaler:
    """Ray's autoscaler, as the run manager sees it. Ray keeps the last request until there is another."""

    def __init__(self) -> None:
        self._asked: Counter[_Shape] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def ask(self, wanted: Sequence[Resources]) -> None:
        """There should be machines for these runs, all at once. Says nothing twice."""
        with self._lock:
            if not self._closed:
                self._request(wanted)

    def close(self) -> None:
        """Nobody works any more: machines may go. What is asked for later is not heard."""
        with self._lock:
            self._closed = True
            self._request(())

    def refuses(self) -> bool:
        """Whether the newer autoscaler has looked at what was asked for last, and can never have as much.

        The older one grants what it can, and refuses nothing.
        """
        if not self._asked:
            return False
        reply = GetClusterStatusReply()
        # There is no public way: `ray` is pinned, a test looks.
        reply.ParseFromString(internal_kv_get_gcs_client().get_cluster_status(timeout_s=STATUS_TIMEOUT_S))
        refused = reply.autoscaling_state.infeasible_cluster_resource_constraints
        return any(_counted(one.resource_requests) == self._asked for one in refused)

    def _request(self, wanted: Sequence[Resources]) -> None:
        bundles = [bundle for size in wanted if (bundle := _bundle(size))]
        asked = Counter(_shape(bundle) for bundle in bundles)
        if asked != self._asked:
            request_resources(bundles=bundles)
            self._asked = asked


def _bundle(size: Resources) -> dict[str, float]:
    return {kind: share for kind, share in (("CPU", size.cpu), ("GPU", size.gpu)) if share}


def _shape(bundle: Mapping[str, float]) -> _Shape:
    return frozenset(bundle.items())


def _counted(requests: Iterable[object]) -> Counter[_Shape]:
    return Counter({_shape(one.request.resources_bundle): one.count for one in requests})  # type: ignore[attr-defined]
