"""Which configuration a fork or rerun belongs to: those that are the same but for fold and repeat share one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from nntracker_ray import forked_spec
from nntracker_ray.forking import Kind
from nntracker_ray.records import RunSpec, from_json
from nntracker_ray.storage.connection import Connection
from nntracker_ray.storage.sql_files import query

_Place: TypeAlias = tuple[int | None, int]  # fold, repeat


@dataclass(slots=True)
class _Alike:
    """Children that differ in fold and repeat alone."""

    spec: RunSpec  # its comparable part
    taken: dict[int, set[_Place]] = field(default_factory=dict)  # by configuration index, oldest first


class ChildConfigurations:
    """The configurations of the new runs of one transaction.

    Relatives are read once for any number of new runs: thousands of folds and repeats may be forked at once. The caller
    holds a lock on the experiments, so nobody else adds any.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._families: dict[tuple[UUID, int, Kind], list[_Alike]] = {}
        self._next: dict[UUID, int] = {}  # by experiment

    def assign(self, spec: RunSpec, kind: Kind) -> int:
        """The configuration index of a run that will be inserted now.

        So the folds of a fork have a mean of their own, and no mean has one fold twice.

        Args:
            spec: The new run's, with its parent's configuration index.
        """
        alike, place = self._alike(spec, kind), (spec.fold, spec.repeat)
        free = (index for index, taken in alike.taken.items() if place not in taken)
        index = next(free, None)
        if index is None:
            index = self._new_index(spec.experiment_id)
        alike.taken.setdefault(index, set()).add(place)
        return index

    def _alike(self, spec: RunSpec, kind: Kind) -> _Alike:
        key = (spec.experiment_id, spec.configuration_index, kind)
        if key not in self._families:
            self._families[key] = []
            for index, relative in self._relatives(*key):
                _those_like(relative, self._families[key]).taken.setdefault(index, set()).add(
                    (relative.fold, relative.repeat)
                )
        return _those_like(spec, self._families[key])

    def _relatives(
        self, experiment_id: UUID, configuration_index: int, kind: Kind
    ) -> Iterator[tuple[int, RunSpec]]:
        values = {"experiment_id": experiment_id, "configuration_index": configuration_index, "origin": kind}
        rows = self._conn.execute(query("relatives"), values)
        return ((index, from_json(RunSpec, text)) for index, text in rows)

    def _new_index(self, experiment_id: UUID) -> int:
        if experiment_id not in self._next:
            values = {"experiment_id": experiment_id}
            row = self._conn.execute(query("next_configuration_index"), values).fetchone()
            self._next[experiment_id] = int(row[0]) if row else 0
        index = self._next[experiment_id]
        self._next[experiment_id] += 1
        return index


def _those_like(spec: RunSpec, known: list[_Alike]) -> _Alike:
    same = forked_spec.comparable(spec)
    for alike in known:
        if alike.spec == same:
            return alike
    known.append(_Alike(same))
    return known[-1]
