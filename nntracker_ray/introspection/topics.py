"""What a training publishes of itself. A topic to which nobody listens is not worked out."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """A topic of the training itself; subscribers publish further ones of any other name."""

    # Of each array of a layer, named by layer and tensor ("kernel", "bias", "gamma", ...). "Weights" are the arrays
    # of two and more dimensions, "biases" all others, those that are not trained among them.
    WEIGHTS = "weights"  # before the update of this step
    BIASES = "biases"
    WEIGHT_GRADIENTS = "weight_gradients"  # of the batch's loss, before clipping; trained arrays only
    BIAS_GRADIENTS = "bias_gradients"
    WEIGHT_UPDATES = "weight_updates"  # after the step minus before it
    BIAS_UPDATES = "bias_updates"
    # Of each call of a layer. A layer that is called twice has a second tensor, "1", for its second call.
    ACTIVATIONS = "activations"  # what the layer gave for the batch, in training mode, (batch, ...)
    LAYER_GRADIENTS = "layer_gradients"  # of the batch's loss with respect to that, same shape
    PROBE_ACTIVATIONS = "probe_activations"  # for the same rows at every look, in inference mode, (rows, ...)
    # Of the step as a whole.
    INPUTS = "inputs"  # (batch, ...)
    LABELS = "labels"
    OUTPUTS = "outputs"  # what the model gave for the batch, in training mode
    LOSS = "loss"  # of the batch, with the regularizers' part, before the update
    LOSS_SURFACE = "loss_surface"  # a `LossSurface`, to be asked on the training's own thread
    # Markers: nothing but the moment.
    BATCH_BEGIN = "batch_begin"
    BATCH_END = "batch_end"
    EPOCH_BEGIN = "epoch_begin"
    EPOCH_END = "epoch_end"


ARRAY_TOPICS = (
    Topic.WEIGHTS,
    Topic.BIASES,
    Topic.WEIGHT_GRADIENTS,
    Topic.BIAS_GRADIENTS,
    Topic.WEIGHT_UPDATES,
    Topic.BIAS_UPDATES,
)
CALL_TOPICS = (Topic.ACTIVATIONS, Topic.LAYER_GRADIENTS, Topic.PROBE_ACTIVATIONS)
LAYER_TOPICS = (*ARRAY_TOPICS, *CALL_TOPICS)
TENSOR_TOPICS = (*LAYER_TOPICS, Topic.INPUTS, Topic.OUTPUTS)  # those that metrics of any tensor can be had of
STEP_TOPICS = (Topic.INPUTS, Topic.LABELS, Topic.OUTPUTS, Topic.LOSS, Topic.LOSS_SURFACE)
# Those for which the batch goes through the network once more, and those for which it comes back as well.
FORWARD_TOPICS = frozenset({Topic.ACTIVATIONS, Topic.OUTPUTS, Topic.LOSS})
BACKWARD_TOPICS = frozenset({Topic.WEIGHT_GRADIENTS, Topic.BIAS_GRADIENTS, Topic.LAYER_GRADIENTS})
MARKERS = (Topic.BATCH_BEGIN, Topic.BATCH_END, Topic.EPOCH_BEGIN, Topic.EPOCH_END)
BUILT_IN = frozenset(Topic)
