"""Seeded faults against running experiments, beside undisturbed twins, and the checker that looks for what was lost.

`make chaos SEED=.. FAULTS=..` runs it; `python -m tests.chaos.suite --help` says more.
"""
