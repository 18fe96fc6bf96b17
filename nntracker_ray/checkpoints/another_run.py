"""Checkpoints of another run of the same id: one that was deleted and then submitted again is a new run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID


def is_of_another(head: Mapping[str, Any], run_id: UUID, run_no: int | None) -> bool:
    """Whether the head of a checkpoint has this id, but the database's number of another run.

    False where that cannot be told: heads written before they had numbers, or no number to compare with. A fork's
    origin has its parent's head, and is the fork's all the same.
    """
    theirs = head.get("run_no")
    if run_no is None or theirs is None:
        return False
    return bool(head.get("run_id") == str(run_id) and theirs != run_no)
