"""What the metrics of the inside of a network mean, in a few words each."""

from __future__ import annotations

from collections.abc import Sequence

from nntracker_ray.introspection.catalog import Catalog

OVER_LAYERS = "_over_layers"
NUMBERED = {  # those that end with the place among several
    "eigenvalue": "a great curvature of the loss at the weights, the first the greatest",
    "residual": "how far the search for a curvature was from its end; 0 is exact",
}
METRICS = {
    "mean": "mean of the values",
    "sum": "sum of the values",
    "variance": "unbiased variance of the values",
    "norm": "size of all values together: their Euclidean norm",
    "norm_1": "sum of the sizes of the values",
    "norm_inf": "greatest size of a value",
    "spectral_norm": "greatest singular value: how much the layer can stretch its input",
    "condition_number": "greatest singular value over the least: how unevenly the layer stretches",
    "histogram": "how the values are spread",
    "zero_share": "share of values that are exactly zero",
    "saturated_share": "share of values at the flat ends of the activation",
    "dead_share": "share of units that are zero for every row of the batch",
    "ratio": "size relative to that of another topic, L2",
    "update_ratio": "size of a step's update relative to the weights, L2; about 1e-3 is healthy",
    "cosine": "direction against that of the look before: 1 the same, -1 opposite",
    "noise_scale": "batch size at which noise and signal of the gradient balance",
    "noise_trace": "how much the gradients of single rows scatter",
    "signal": "squared length of the true gradient, as estimated",
    "svcca": "how alike the layer represents the same rows at two looks: 1 is the same",
    "svcca_last": "how alike the layer represents the same rows at this look and the one before: 1 is the same",
    "accuracy": "share of the rows that is classified rightly",
    "loss": "mean loss",
}
TOPICS = {
    "weights": "the weights before the step's update",
    "biases": "the biases and other small arrays before the step's update",
    "weight_gradients": "the gradients of the weights, before clipping",
    "bias_gradients": "the gradients of the biases, before clipping",
    "weight_updates": "the change of the weights by the step",
    "bias_updates": "the change of the biases by the step",
    "activations": "what the layer gave for the batch",
    "layer_gradients": "the gradient of the loss by what the layer gave",
    "probe_activations": "what the layer gave for rows that stay the same",
    "inputs": "the batch's inputs",
    "outputs": "what the model gave for the batch",
    "test": "the test set",
}


def about_metric(metric: str, summary: str = "") -> str:
    """In a few words.

    Args:
        metric: Its name in the plots.
        summary: What its author says of one that has no words here.

    >>> about_metric("weights/mean")
    "Mean of the values, of the weights before the step's update."
    """
    topic, _, key = metric.rpartition("/")
    single = key.removesuffix(OVER_LAYERS)
    words = METRICS.get(single) or NUMBERED.get(single.rpartition("_")[0], "")
    of = f"of {TOPICS[topic]}" if topic in TOPICS and key != "update_ratio" else ""
    mean = "mean over the layers" if single != key else ""
    said = ", ".join(part for part in (words, of, mean) if part)
    ours = f"{said[0].upper()}{said[1:]}." if said else ""
    return ours if words or not summary else f"{summary.rstrip('.')}. {ours}".rstrip()


def authors_words(metric: str, observed: Sequence[object], catalog: Catalog) -> str:
    """The summary of the plug-in that records a metric; "" for one of ours, and for one that is not installed here.

    Args:
        metric: Its name in the plots.
        observed: Who records what, as the run told it.
        catalog: Where plug-ins are looked up.
    """
    single = metric.removesuffix(OVER_LAYERS)
    for told in observed:
        if not isinstance(told, dict):
            continue
        info = catalog.metrics.get(str(told.get("metric")))
        if info is not None and not info.is_built_in and single in (told.get("results") or ()):
            return info.summary
    return ""
