"""How much of a batch's gradient is noise, and so how large a batch is worth its while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntracker_ray.introspection.messages import Message, Value
from nntracker_ray.introspection.metrics import conf
from nntracker_ray.introspection.metrics.built_in import BuiltIn, only
from nntracker_ray.introspection.topics import Topic

MOST_PARTS = 64


class GradientNoiseScale(BuiltIn):
    """Gradient noise scale: near the batch size beyond which larger batches bring little, in rows.

    Formula: B_noise = S / G2 of running means (`decay` the weight of what was) of the unbiased estimates
    G2 = (B |g|^2 - b m) / (B - b) of the squared length of the true gradient and
    S = (m - |g|^2) / (1/b - 1/B) of the trace of the gradients' covariance,
    where the batch is cut into `parts` of b rows, m is the mean of their |gradient|^2, and g is the mean of their
    gradients, of B = parts b rows. NaN while the mean of G2 is not above 0: it is then lost in the noise. Recorded as
    "gradients/noise_scale", and this look's S as "gradients/noise_trace", G2 as "gradients/signal". A batch with fewer
    rows than parts gives nothing. Costs about one more gradient of the batch at each look.
    Source: McCandlish et al., "An Empirical Model of Large-Batch Training" (2018), appendix A.1.
    """

    name = "gradient_noise_scale"
    topics = (Topic.LOSS_SURFACE,)

    def __init__(self, *, parts: int = 2, decay: float = 0.9) -> None:
        self.parts = conf.whole("parts", parts, 2, MOST_PARTS)
        self.decay = conf.number("decay", decay, 0.0, 0.9999)
        self._means = np.zeros(2)  # of S and of G2, both begun at 0: what that costs cancels in their ratio

    def reduce(self, values: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
        """Rows of a part, the mean of |gradient|^2 of the parts, and |mean of the gradients|^2."""
        surface = only(values)
        rows = surface.rows // self.parts
        if rows < 1:
            return {"rows": 0, "of_parts": 0.0, "of_all": 0.0}
        of_parts, total = 0.0, None
        for first in range(0, rows * self.parts, rows):
            gradient = [ops.cast(array, "float64") for array in surface.gradient(first, first + rows)]
            of_parts = of_parts + ops.inner_product(gradient, gradient)
            total = gradient if total is None else [a + b for a, b in zip(total, gradient, strict=True)]
        of_all = ops.inner_product(total, total) / self.parts**2
        return {"rows": rows, "of_parts": of_parts / self.parts, "of_all": of_all}

    def measure(self, message: Message) -> Mapping[str, Value]:
        """The three numbers; what is not finite does not enter the running means."""
        small, of_parts, of_all = (float(message.values[key]) for key in ("rows", "of_parts", "of_all"))
        if small < 1:
            return {}
        found = np.array(estimates(of_parts, of_all, small, small * self.parts))
        if np.isfinite(found).all():
            self._means = self.decay * self._means + (1 - self.decay) * found
        trace, signal = self._means
        scale = float(trace / signal) if signal > 0 and np.isfinite(found).all() else np.nan
        return {
            "gradients/noise_scale": scale,
            "gradients/noise_trace": float(found[0]),
            "gradients/signal": float(found[1]),
        }

    def memory(self) -> Mapping[str, NDArray[Any]]:
        """The running means of S and G2."""
        return {"means": self._means}

    def remember(self, memory: Mapping[str, NDArray[Any]]) -> None:
        """Take them back."""
        self._means = np.array(memory.get("means", self._means), np.float64)


def estimates(of_small: float, of_big: float, small: float, big: float) -> tuple[float, float]:
    """Trace of the covariance of one row's gradient, and squared length of the true gradient.

    Args:
        of_small: Expected squared length of the gradient of `small` rows.
        of_big: The same of `big` rows.
    Source: McCandlish et al. (2018), appendix A.1.
    """
    signal = (big * of_big - small * of_small) / (big - small)
    trace = (of_small - of_big) / (1 / small - 1 / big)
    return trace, signal
