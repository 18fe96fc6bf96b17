"""What a run records of its inside, as real ones look: magnitudes over decades, a NaN, histograms that widen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nntracker_ray.records import (
    Batch,
    Lease,
    MetricArray,
    MetricPoint,
    Observed,
    Record,
    RunFact,
)
from nntracker_ray.storage import writes
from nntracker_ray.storage.connection import Database

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEPS = 45  # of an epoch, as `tests.web_examples` has them
LAYERS = (
    *(f"block{block}_conv{conv}" for block in (1, 2, 3) for conv in (1, 2, 3)),
    "flatten_dense",
    "hidden",
    "predictions",
)
WANTED = (
    Observed("norm", topics=("weights", "weight_gradients"), every=15),
    Observed("mean", topics=("weights",), every=15),
    Observed("ratio", every=15),
    Observed("histogram", topics=("weights",), every=None, every_epochs=1),
    Observed("svcca", every=None, every_epochs=1),
)
LOST_EPOCH, LOST_LAYER = 17, "block2_conv2"
FACTS = {
    "introspection": {
        "observed": [{"metric": "mean", "topics": ["weights"], "every": 15, "results": ["weights/mean"]}],
        "suspended": [
            {"metric": "hessian_eigenvalues", "why": "a look took 31.2 s, more than its limit of 30 s", "step": 120}
        ],
        "ignored": [],
    },
    "introspection_cost": {
        "share": 0.0231, "estimated_share": 0.03, "compiled_s": 4.1, "looked_s": 1.9, "beside_s": 0.6,
        "trained_s": 81.0, "by_metric": {"svcca": 0.91, "histogram": 0.52, "norm": 0.31, "mean": 0.16},
    },
}  # fmt: skip


def summary(layers: Sequence[str] = LAYERS) -> RunFact:
    """The order of the model."""
    told = [
        {"name": name, "class_name": "Dense", "kind": "Dense", "output_shape": [None, 8], "parameters": 72}
        for name in layers
    ]
    return RunFact("model_summary", {"layers": told, "parameters": 72 * len(layers)})


def facts(**changes: Any) -> list[Record]:
    """What the run says of its looking."""
    return [RunFact(key, value) for key, value in (FACTS | changes).items()]


def numbers(epochs: range, *, layers: Sequence[str] = LAYERS, seed: int = 0) -> Iterator[Record]:
    """Gradients that vanish towards the input, weights of both signs, updates that calm down; three looks an epoch."""
    for epoch in epochs:
        for place, layer in enumerate(layers):
            noise = np.random.default_rng([seed, epoch, place])
            for look in (1, 2, 3):
                step = epoch * STEPS + look * STEPS // 3
                depth, spread = place / max(1, len(layers) - 1), np.exp(noise.normal(0, 0.22))
                gradient = 10 ** (-6.5 + 5 * depth) * np.exp(-epoch / 14) * spread
                if (epoch, layer) == (LOST_EPOCH, LOST_LAYER):
                    gradient = float("nan")
                values = {
                    "weight_gradients/norm": gradient,
                    "weights/mean": 0.02 * np.sin(epoch / 6 + place) * spread,
                    "weight_updates/update_ratio": 10 ** (-3.3 + 0.5 * depth + max(0.0, 0.8 - 0.2 * epoch))
                    * spread,
                }
                for metric, value in values.items():
                    yield MetricPoint(metric, epoch, step, float(value), AT, layer, "kernel")


def spreads(epochs: range, layer: str = "hidden", *, seed: int = 0) -> Iterator[Record]:
    """Histograms of a layer's weights, which widen; each with bins of its own."""
    for epoch in epochs:
        noise = np.random.default_rng([seed, epoch])
        weights = np.concatenate([noise.normal(0, 0.05, 3000), noise.normal(0.1, 0.05 + 0.012 * epoch, 3000)])
        counts, edges = np.histogram(weights, 48)
        step = (epoch + 1) * STEPS
        yield MetricArray(
            "weights/histogram", epoch, step, counts.astype(np.int64), edges, AT, layer, "kernel"
        )


def likenesses(epochs: range, layer: str = "hidden") -> Iterator[Record]:
    """Similarities of each look with all earlier ones, as SVCCA gives them."""
    for epoch in epochs:
        if epoch == 0:
            continue
        earlier = np.arange(epoch)
        alike = 0.35 + 0.65 * np.exp(-np.abs(np.log((epoch + 1) / (earlier + 1))))
        values = np.stack([(earlier + 1.0) * STEPS, alike])
        yield MetricArray("probe_activations/svcca", epoch, (epoch + 1) * STEPS, values, None, AT, layer)


def looks(epochs: range, *, layers: Sequence[str] = LAYERS, seed: int = 0) -> list[Record]:
    """All that a trainer writes of its looks."""
    arrays = [one for layer in layers[-2:] for one in (*spreads(epochs, layer), *likenesses(epochs, layer))]
    return [*facts(), *numbers(epochs, layers=layers, seed=seed), *arrays]


def everything(epochs: range, *, layers: Sequence[str] = LAYERS, seed: int = 0) -> list[Record]:
    """The same, and the order of the model's layers."""
    return [summary(layers), *looks(epochs, layers=layers, seed=seed)]


def write_inside(database: Database, lease: Lease, records: Sequence[Record]) -> None:
    """As the writer actor writes it."""
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(records))])
