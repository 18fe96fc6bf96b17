"""Taking runs out as one file, and in again: a zip that people can read without us, and import gives equal data.

The layout is described in docs/archive.md.
"""
