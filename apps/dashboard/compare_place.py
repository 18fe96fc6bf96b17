"""What a comparison shows, as its address says it: whoever gets the address sees the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from apps.dashboard.given import first_of, uuid_of, words_of
from nntracker_ray.commands import Selection
from nntracker_ray.comparing import Axis
from nntracker_ray.comparing.smoothing import MOST_WEIGHT
from nntracker_ray.figures.comparison_lines import Statistic

MOST_SUBJECTS = 50
MOST_HIDDEN = 200
Word = TypeVar("Word", bound=StrEnum)


class View(StrEnum):
    """The ways of comparing."""

    LINES = "lines"  # a line for each run
    GROUPS = "groups"  # the spread of each tag or experiment
    FOLDS = "folds"  # the spread of each configuration over its folds and repeats
    DIFFERENCE = "difference"  # the first minus another
    PARAMETERS = "parameters"  # what runs were given against what came of it
    WEIGHTS = "weights"  # the weights of a run minus those of another


class Kind(StrEnum):
    """What can be compared."""

    RUN = "run"
    TAG = "tag"
    EXPERIMENT = "experiment"


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is compared."""

    kind: Kind
    key: str  # a run's or experiment's id, a tag

    @classmethod
    def read(cls, text: str) -> Subject | None:
        """From "tag:nightly" or "run:UUID"; None for anything else."""
        kind, colon, key = text.partition(":")
        if not colon or kind not in [*Kind] or not key or len(key) > 200:
            return None
        if kind != Kind.TAG and (found := uuid_of(key)) is None:
            return None
        return cls(Kind(kind), key if kind == Kind.TAG else str(found))

    @property
    def selection(self) -> Selection:
        """The runs that it means."""
        if self.kind is Kind.TAG:
            return Selection(tag=self.key)
        if self.kind is Kind.EXPERIMENT:
            return Selection(experiment_id=UUID(self.key))
        return Selection(run_ids=(UUID(self.key),))

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, slots=True)
class ComparePlace:
    """A comparison. What an address says wrongly is left out, not an error."""

    subjects: tuple[Subject, ...] = ()
    view: View | None = None  # None: what suits the subjects
    metric: str = ""  # '': the first that the runs have
    axis: Axis = Axis.EPOCH
    log: bool = False
    smoothing: float = 0.0
    statistics: tuple[Statistic, ...] = (Statistic.MEAN, Statistic.SPREAD)
    members: bool = False  # the single runs of groups, faintly behind
    left: Subject | None = None  # of a difference; None: the first subject
    minus: Subject | None = None  # what is subtracted from it; None: the second
    hidden: tuple[str, ...] = ()  # subjects or runs that are not drawn
    parameter: str = ""  # against which the results are laid out; '': all of them side by side
    array: str = ""  # "layer/tensor" of the weights

    @classmethod
    def read(cls, arguments: Mapping[str, Sequence[bytes]]) -> ComparePlace:
        """From the arguments of a request, as Bokeh hands them over."""
        words = words_of(arguments)
        given = [Subject.read(f"{kind}:{key}") for kind in Kind for key in words.get(kind, ())]
        subjects = tuple(dict.fromkeys(subject for subject in given if subject))[:MOST_SUBJECTS]
        stated = tuple(s for s in Statistic if s.value in words.get("show", ()))
        return cls(
            subjects=subjects,
            view=_one_of(View, first_of(words, "view")),
            metric=first_of(words, "metric")[:200],
            axis=_one_of(Axis, first_of(words, "axis")) or Axis.EPOCH,
            log=first_of(words, "log") == "yes",
            smoothing=weight_of(first_of(words, "smooth")),
            statistics=stated or cls().statistics,
            members=first_of(words, "members") == "yes",
            left=Subject.read(first_of(words, "left")),
            minus=Subject.read(first_of(words, "minus")),
            hidden=tuple(words.get("hide", ()))[:MOST_HIDDEN],
            parameter=first_of(words, "parameter")[:200],
            array=first_of(words, "array")[:400],
        )

    @property
    def shown_view(self) -> View:
        """The view that was asked for; else groups where there is nothing but tags and experiments."""
        if self.view is not None:
            return self.view
        groups = self.subjects and all(subject.kind is Kind.TAG for subject in self.subjects)
        return View.GROUPS if groups else View.LINES

    @property
    def has_groups(self) -> bool:
        """Whether runs that are not there yet may belong to it."""
        return not self.subjects or any(subject.kind is not Kind.RUN for subject in self.subjects)

    def but(self, **changes: object) -> ComparePlace:
        """The same with some parts changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def address(self, base: str = "/compare") -> str:
        """Path and query.

        Args:
            base: Where the comparison stands: "/compare", or "/run?id=...&tab=comparisons".
        """
        nothing = ComparePlace()
        said = [
            *((subject.kind.value, subject.key) for subject in self.subjects),
            ("view", self.view or ""),
            ("metric", self.metric),
            ("axis", "" if self.axis is nothing.axis else self.axis),
            ("log", "yes" if self.log else ""),
            ("smooth", f"{self.smoothing:g}" if self.smoothing else ""),
            *(("show", one) for one in self.statistics if self.statistics != nothing.statistics),
            ("members", "yes" if self.members else ""),
            ("left", str(self.left or "")),
            ("minus", str(self.minus or "")),
            *(("hide", name) for name in self.hidden),
            ("parameter", self.parameter),
            ("array", self.array),
        ]
        query = urlencode([(name, value) for name, value in said if value])
        return f"{base}{'&' if '?' in base else '?'}{query}" if query else base


def weight_of(text: str) -> float:
    """A weight of smoothing from somebody's words: 0 to 0.999, 0 for anything that is no number."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return min(max(weight, 0.0), MOST_WEIGHT) if weight == weight else 0.0  # noqa: PLR0124  (NaN)


def _one_of(kind: type[Word], word: str) -> Word | None:
    return kind(word) if word in [*kind] else None
