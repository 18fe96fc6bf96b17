"""What an error came from."""

from __future__ import annotations

from collections.abc import Iterator


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on: our own errors wrap those of libraries and of the system."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
