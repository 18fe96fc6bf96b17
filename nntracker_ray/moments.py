"""Moments that somebody else has written down, as the tables can hold them and give them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; without an offset it is meant so already.

    Raises: ValueError: In UTC it is outside the years that Python knows: PostgreSQL would keep it, and nobody could
        read it again.
    """
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is outside the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]  # with an offset, whichever
