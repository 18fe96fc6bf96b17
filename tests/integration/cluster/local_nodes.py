"""Several Ray nodes on this machine, each with a data folder of its own: nothing is shared by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.cluster_utils import Cluster

from actors.metrics_writer import NAMESPACE
from nntracker_ray.home import NODE_VARIABLE, Home

STORE_BYTES = 100 * 2**20


@dataclass
class LocalNode:
    """One node: its data folder, its raylet, and everything that the raylet has started."""

    home: Home
    inner: Any  # ray's own node

    @property
    def raylet(self) -> psutil.Process:
        return psutil.Process(self.inner.all_processes["raylet"][0].process.pid)

    def runs(self, pid: int) -> bool:
        """Whether the process lives on this node."""
        with suppress(psutil.NoSuchProcess):
            return self.raylet.pid in {parent.pid for parent in psutil.Process(pid).parents()}
        return False

    def kill(self) -> None:
        """SIGKILL to the raylet, its agents and its workers, all at once: as when the power goes."""
        raylet = self.raylet
        doomed = [raylet, *raylet.children(recursive=True)]
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(doomed, timeout=10)


@dataclass
class LocalNodes:
    """A Ray cluster on loopback; the first node is the head."""

    folder: Path
    cluster: Cluster = field(default_factory=lambda: Cluster(initialize_head=False))
    nodes: list[LocalNode] = field(default_factory=list)

    def add(self, cpus: int = 1) -> LocalNode:
        """Start a node with a new, empty data folder."""
        home = Home(self.folder / f"node{len(self.nodes)}").create()
        inner = self.cluster.add_node(
            num_cpus=cpus,
            object_store_memory=STORE_BYTES,
            include_dashboard=False,
            env_vars={NODE_VARIABLE: str(home.root)},
        )
        self.nodes.append(LocalNode(home, inner))
        return self.nodes[-1]

    def of(self, worker: Mapping[str, Any]) -> LocalNode | None:
        """The node on which the worker of a run (its fact "worker") lives."""
        return next((node for node in self.nodes if node.runs(int(worker["pid"]))), None)


@contextmanager
def local_nodes(folder: Path, count: int) -> Iterator[LocalNodes]:
    """A connected cluster of nodes with one CPU each, gone afterwards."""
    nodes = LocalNodes(folder)
    try:
        for _ in range(count):
            nodes.add()
        ray.init(
            address=nodes.cluster.address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR"
        )
        yield nodes
    finally:
        ray.shutdown()
        nodes.cluster.shutdown()
