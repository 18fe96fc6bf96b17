"""The checkpoints of a run as files: which there are, which are kept, what is in them. Knows no Keras."""
