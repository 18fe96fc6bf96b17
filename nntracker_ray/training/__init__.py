"""One run of one network: data in its own order, exact checkpoints, records for every epoch.

Begin with `nntracker_ray.training.fit.Trainer`. Keras is imported when a training starts, not before.
"""
