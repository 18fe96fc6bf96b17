"""What an open comparison reads: the runs it is about, and of their curves only what has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from apps.dashboard import words
from apps.dashboard.compare_place import ComparePlace, Kind, Subject, View
from apps.dashboard.curve_store import CurveStore
from nntracker_ray.commands import Selection
from nntracker_ray.comparing import Axis, Curve, Parameters, WeightDifference, parameters_of
from nntracker_ray.comparing.axes import CLOCK_METRIC
from nntracker_ray.errors import BadInputError, DatabaseAwayError, NNTrackerError
from nntracker_ray.figures import known_metrics
from nntracker_ray.records import RunRow
from nntracker_ray.run_lists import RunFilter
from nntracker_ray.storage import comparison_queries, queries
from nntracker_ray.storage.connection import Connection, Database
from nntracker_ray.storage.tag_writes import list_tags

FIRST_CHOICES = ("val_accuracy", "accuracy", "val_loss", "loss")
OFFERED = 8  # of each kind


@dataclass(frozen=True, slots=True)
class Member:
    """A subject with the runs that it means now."""

    subject: Subject
    title: str
    rows: tuple[RunRow, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that could be compared too."""

    subject: Subject
    title: str
    about: str


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Everything that a comparison shows, as fetched."""

    asked: ComparePlace
    place: ComparePlace  # what was asked for, with what it left open
    members: tuple[Member, ...] = ()
    left: Member | None = None
    minus: Member | None = None
    metrics: tuple[str, ...] = ()
    metric: str = ""
    curves: Mapping[UUID, Curve] = field(default_factory=dict)
    clocks: Mapping[UUID, Curve] = field(default_factory=dict)
    parameters: Parameters | None = None  # of the runs that have a value of the metric
    arrays: tuple[str, ...] = ()  # "layer/tensor" that both runs have
    weights: WeightDifference | None = None
    common_captures: int = 0
    problem: str = ""  # why something of it could not be worked out

    @property
    def rows(self) -> tuple[RunRow, ...]:
        """Every run that is compared, once, in order of the subjects."""
        return tuple({row.run_id: row for member in self.members for row in member.rows}.values())


class CompareReader:
    """Reads for one page. Any thread may call; one at a time reads."""

    def __init__(self, database: Database, viewer_id: UUID, run_id: UUID | None = None) -> None:
        self._database, self._viewer_id, self._run_id = database, viewer_id, run_id
        self._store = CurveStore()
        self._lock = threading.Lock()

    def read(self, place: ComparePlace) -> Found:
        """What stands at this place. Raises: DatabaseAwayError."""
        with self._lock, self._database.connection() as conn:
            try:
                return self._read(conn, place)
            except DatabaseAwayError:
                raise
            except NNTrackerError as error:
                return Found(place, place, problem=str(error))

    def offers(self, search: str) -> list[Offer]:
        """Tags, experiments and runs whose names contain the words, those of lately first."""
        with self._database.connection() as conn:
            tags = list_tags(conn, viewer_id=self._viewer_id, search=search, limit=OFFERED)
            wanted = RunFilter(search=search)
            rows = queries.page_of_runs(conn, viewer_id=self._viewer_id, wanted=wanted, limit=100).rows
        experiments = {row.experiment_id: row for row in rows}
        return [
            *(
                Offer(Subject(Kind.TAG, one.tag), one.tag, f"tag, {words.plural(one.runs, 'run')}")
                for one in tags
            ),
            *(
                Offer(Subject(Kind.EXPERIMENT, str(row.experiment_id)), row.experiment, "experiment")
                for row in list(experiments.values())[:OFFERED]
            ),
            *(
                Offer(Subject(Kind.RUN, str(row.run_id)), row.name, f"run {row.run_no}")
                for row in rows[:OFFERED]
            ),
        ]

    def _read(self, conn: Connection, place: ComparePlace) -> Found:
        asked = place
        if not place.subjects and self._run_id is not None:
            place = place.but(subjects=self._beginning(conn, self._run_id))
        members = self._members(conn, place.subjects)
        known = {member.subject: member for member in members}
        left = self._side(conn, known, place.left or next(iter(place.subjects), None))
        minus = self._side(conn, known, place.minus or next(iter(place.subjects[1:]), None))
        sides = [side for side in (left, minus) if side is not None]
        rows = {row.run_id: row for member in (*members, *sides) for row in member.rows}
        metrics = metrics_of(rows.values())
        metric = place.metric if place.metric in metrics else _first_choice(metrics)
        found = Found(asked, place, members, left, minus, metrics, metric)
        return self._with_numbers(conn, found, [*rows.values()])

    def _with_numbers(self, conn: Connection, found: Found, rows: Sequence[RunRow]) -> Found:
        view = found.place.shown_view
        if view is View.PARAMETERS:
            runs = comparison_queries.run_parameters(
                conn, viewer_id=self._viewer_id, rows=found.rows, metric=found.metric
            )
            return replace(found, parameters=parameters_of([run for run in runs if run.result is not None]))
        if view is View.WEIGHTS:
            return self._with_weights(conn, found)
        is_clock = found.place.axis is Axis.TIME
        metrics = [metric for metric in (found.metric, CLOCK_METRIC if is_clock else "") if metric]
        with_places = found.place.axis is not Axis.EPOCH
        curves = self._store.read(conn, self._viewer_id, rows, metrics, with_places=with_places)
        return replace(found, curves=curves.get(found.metric, {}), clocks=curves.get(CLOCK_METRIC, {}))

    def _with_weights(self, conn: Connection, found: Found) -> Found:
        runs = [
            UUID(side.subject.key)
            for side in (found.left, found.minus)
            if side and side.subject.kind is Kind.RUN
        ]
        if len(runs) < 2:
            return found
        who = {"viewer_id": self._viewer_id, "run_id": runs[0], "minus": runs[1]}
        arrays = comparison_queries.common_arrays(conn, **who)
        names = tuple(f"{layer}/{tensor}" for layer, tensor in arrays)
        if not arrays:
            return found
        kernels = [array for array in arrays if array[1] == "kernel"]  # what one most likely means
        chosen = (
            arrays[names.index(found.place.array)] if found.place.array in names else (kernels or arrays)[0]
        )
        weights, captures = comparison_queries.weight_difference(
            conn, **who, layer=chosen[0], tensor=chosen[1]
        )
        place = found.place.but(array="/".join(chosen))
        return replace(found, place=place, arrays=names, weights=weights, common_captures=captures)

    def _beginning(self, conn: Connection, run_id: UUID) -> tuple[Subject, ...]:
        """Of the comparisons of one run: the run among its siblings."""
        row = queries.find_run(conn, viewer_id=self._viewer_id, run_id=run_id)
        return Subject(Kind.RUN, str(run_id)), Subject(Kind.EXPERIMENT, str(row.experiment_id))

    def _members(self, conn: Connection, subjects: Sequence[Subject]) -> tuple[Member, ...]:
        """What they mean now; the single runs are asked for together."""
        single = tuple(UUID(one.key) for one in subjects if one.kind is Kind.RUN)
        rows = self._rows(conn, Selection(run_ids=single)) if single else ()
        by_id = {str(row.run_id): row for row in rows}
        found = []
        for one in subjects:
            own = by_id.get(one.key)
            runs = (own,) if own else () if one.kind is Kind.RUN else self._rows(conn, one.selection)
            found.append(Member(one, _title(one, runs, rows), runs))
        total = sum(row.epochs_done for member in found for row in member.rows)
        if total > comparison_queries.MOST_POINTS:
            raise BadInputError(
                f"{total:,} epochs in all; at most {comparison_queries.MOST_POINTS:,} can be compared at once. "
                "Take something out"
            )
        return tuple(found)

    def _side(
        self, conn: Connection, known: Mapping[Subject, Member], subject: Subject | None
    ) -> Member | None:
        if subject is None or subject in known:
            return known[subject] if subject else None
        return self._members(conn, [subject])[0]

    def _rows(self, conn: Connection, selection: Selection) -> tuple[RunRow, ...]:
        return comparison_queries.runs_to_compare(conn, viewer_id=self._viewer_id, selection=selection)


def metrics_of(rows: Iterable[RunRow]) -> tuple[str, ...]:
    """The metrics that runs have, in a calm order: accuracy and loss first, each with its validation and test."""
    present = {name for row in rows for name in row.metrics}
    known = [prefix + name for name in known_metrics(present) for prefix in ("", "val_", "test_")]
    return tuple(name for name in known if name in present)


def _first_choice(metrics: Sequence[str]) -> str:
    wanted = [name for name in FIRST_CHOICES if name in metrics]
    return next(iter([*wanted, *metrics]), "")


def _title(subject: Subject, rows: Sequence[RunRow], singles: Sequence[RunRow]) -> str:
    if subject.kind is Kind.TAG:
        return subject.key
    if not rows:
        return f"{subject.kind} {subject.key[:8]}"
    if subject.kind is Kind.EXPERIMENT:
        return rows[0].experiment
    name = rows[0].name
    return f"{name} #{rows[0].run_no}" if [row.name for row in singles].count(name) > 1 else name
