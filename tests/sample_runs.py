"""A small, valid run: each test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from nntracker_ray.records import CaptureSpec, Configuration, DatasetRef, NamedConf, RunSpec, SplitSpec


def sample_spec(**changes: Any) -> RunSpec:
    """A run of handwritten digits, always the same one: runs that share a database need ids of their own."""
    spec = RunSpec(
        run_id=UUID(int=1),
        experiment_id=UUID(int=2),
        name="digits",
        position=0,
        configuration=Configuration(
            NamedConf("Adam"), NamedConf("SparseCategoricalCrossentropy"), learning_rate=0.01
        ),
        configuration_index=0,
        fold=None,
        repeat=0,
        seed=11,
        split=SplitSpec("none", 1, 0),
        batch_size=32,
        total_epochs=4,
        model_digest="0" * 64,
        train=DatasetRef("1" * 64, "digits"),
        validation=None,
        test=None,
        capture=CaptureSpec(1),
    )
    return replace(spec, **changes)
