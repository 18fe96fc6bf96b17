"""Runs land on every node and find what they need there; a node that dies takes no work with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntracker_ray.records import RunSpec, RunState
from tests.integration.cluster.local_nodes import LocalNode, LocalNodes
from tests.integration.runs.run_kit import Lab, await_value

pytestmark = [pytest.mark.slow, pytest.mark.chaos, pytest.mark.timeout(600)]

EPOCHS = 40
ELSEWHERE_WITHIN_S = 60.0


def worker_of(lab: Lab, spec: RunSpec, attempt: int = 1) -> Mapping[str, Any]:
    """The process that trains a run, as it says itself."""

    def look() -> Mapping[str, Any] | None:
        fact = lab.facts(spec).get("worker")
        return fact if fact and fact["attempt"] >= attempt else None

    return await_value(look, f"attempt {attempt} of {spec.name}")


def node_of(nodes: LocalNodes, lab: Lab, spec: RunSpec, attempt: int = 1) -> LocalNode:
    """Where a run is at work."""
    found = nodes.of(worker_of(lab, spec, attempt))
    assert found is not None
    return found


def assert_equal_to_the_last_bit(lab: Lab, disturbed: RunSpec, undisturbed: RunSpec) -> None:
    """Every epoch once, with the metrics and the weights of the twin."""
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert lab.epochs_of(disturbed, metric) == list(range(EPOCHS))
        assert lab.curve(disturbed, metric) == lab.curve(undisturbed, metric)
    for layer in ("hidden", "scores"):
        epochs, weights = lab.weights(disturbed, layer)
        _, twin_weights = lab.weights(undisturbed, layer)
        assert list(epochs) == list(range(EPOCHS))
        assert np.asarray(weights).tobytes() == np.asarray(twin_weights).tobytes()


def test_runs_land_on_both_nodes_and_find_their_data_there(platform_of, shared: Path):
    """Nothing was copied by hand: dataset and model reach the second node through the shared folder."""
    nodes, lab = platform_of(2)
    specs = lab.specs(2, total_epochs=EPOCHS)
    lab.submit(specs)

    places = {node_of(nodes, lab, spec).home.root.name for spec in specs}
    for spec in specs:
        lab.await_state(spec, RunState.FINISHED)

    assert places == {"node0", "node1"}
    for node in nodes.nodes:
        assert (node.home.datasets / lab.train.digest / "dataset.json").exists()
        assert (node.home.models / f"{lab.model_digest}.json").exists()
    assert lab.epochs_of(specs[0], "loss") == lab.epochs_of(specs[1], "loss") == list(range(EPOCHS))


def test_the_runs_of_a_killed_node_go_on_elsewhere(platform_of, shared: Path, record_property):
    """SIGKILL to a raylet and all its workers: within a minute the run trains on another node, bit for bit."""
    nodes, lab = platform_of(3)
    specs = lab.specs(2, seed=7, total_epochs=EPOCHS, batch_size=8)
    lab.submit(specs)
    at = {spec.run_id: node_of(nodes, lab, spec) for spec in specs}
    disturbed, undisturbed = sorted(specs, key=lambda spec: at[spec.run_id] is nodes.nodes[0])
    lab.await_epochs(disturbed, 5)
    copy = shared / "checkpoints" / str(disturbed.run_id) / "last.ckpt"
    await_value(lambda: copy.exists() or None, "a checkpoint that other nodes find")

    at[disturbed.run_id].kill()
    killed_at_s = time.monotonic()
    second = node_of(nodes, lab, disturbed, attempt=2)
    elsewhere_s = time.monotonic() - killed_at_s
    for spec in (disturbed, undisturbed):
        lab.await_state(spec, RunState.FINISHED)

    record_property("elsewhere_s", elsewhere_s)
    assert second is not at[disturbed.run_id]
    assert elsewhere_s <= ELSEWHERE_WITHIN_S
    assert lab.facts(disturbed)["checkpoint"]["resumed_from"]["epochs_done"] > 0
    assert_equal_to_the_last_bit(lab, disturbed, undisturbed)
