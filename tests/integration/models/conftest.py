"""Settles TensorFlow's threads before the modules here build layers while they are collected."""

from nntracker_ray.training.process import configure_process

configure_process(1)  # as tests/integration/training does: one process, one setting
