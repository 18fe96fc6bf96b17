"""Asking for machines on a Ray that has no autoscaler, and reading what one would answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import ray
from ray.core.generated.autoscaler_pb2 import AutoscalingState, ClusterResourceConstraint
from ray.experimental.internal_kv import _internal_kv_get, internal_kv_get_gcs_client

from actors.autoscaling import Autoscaler
from nntracker_ray.records import Resources
from tests.ray_cluster import local_ray

pytestmark = [pytest.mark.slow]

SMALL, ON_GPU = Resources(1.5), Resources(2.0, 0.5)


@pytest.fixture(autouse=True, scope="module")
def ray_of_module() -> Iterator[None]:
    with local_ray(cpus=1):
        yield


def asked() -> list[dict[str, float]]:
    """What an autoscaler would read."""
    return json.loads(_internal_kv_get(ray._private.ray_constants.AUTOSCALER_RESOURCE_REQUEST_CHANNEL))


def refuse(bundle: dict[str, float], count: int) -> None:
    """Say what the newer autoscaler says when it can never have as much."""
    refused = ClusterResourceConstraint()
    one = refused.resource_requests.add(count=count)
    one.request.resources_bundle.update(bundle)
    refuse.version += 1
    state = AutoscalingState(
        autoscaler_state_version=refuse.version, infeasible_cluster_resource_constraints=[refused]
    )
    internal_kv_get_gcs_client().report_autoscaling_state(state.SerializeToString())


refuse.version = 0  # the newest counts


def test_a_request_stays_until_the_next_and_none_after_the_end():
    """Whoever ends lets the machines go, and nothing that comes late brings them back."""
    autoscaler = Autoscaler()

    autoscaler.ask([SMALL, ON_GPU, SMALL])
    first = asked()
    autoscaler.close()
    autoscaler.ask([SMALL])

    assert first == [{"CPU": 1.5}, {"CPU": 2.0, "GPU": 0.5}, {"CPU": 1.5}]
    assert asked() == []


def test_a_successor_takes_back_what_a_dead_manager_asked_for():
    """Ray keeps a request for ever."""
    Autoscaler().ask([SMALL])

    Autoscaler().ask([])

    assert asked() == []


def test_only_the_refusal_of_the_last_request_counts():
    """The autoscaler looks every five seconds: what it says may be about the request before."""
    autoscaler = Autoscaler()
    autoscaler.ask([SMALL, SMALL])
    unanswered = autoscaler.refuses()

    refuse({"CPU": 1.5}, 2)
    refused = autoscaler.refuses()
    autoscaler.ask([SMALL])

    assert (unanswered, refused, autoscaler.refuses()) == (False, True, False)
