"""How large a model description, and the model it describes, may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Quotas on one model; checked from the description alone, before anything is built."""

    text_bytes: int = 1_000_000
    nesting: int = 64  # JSON lists and objects inside each other
    layers: int = 2_000  # those inside nested models and wrappers included
    chain: int = 700  # layers after one another; Keras walks a model recursively and gives up near 900
    calls: int = 5_000  # layer calls to trace; a layer over 100 time steps counts 100 times
    parameters: int = 200_000_000  # numbers in all weight arrays: 0.8 GB as float32
    activations: int = 200_000_000  # numbers in all layer outputs for ONE example; unknown lengths count as 1
    initializer_work: float = 2e11  # multiplications of orthogonal initializers: some seconds


DEFAULT_LIMITS = ModelLimits()
