"""The looks inside of one attempt: when they are made, what they cost, and what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nntracker_ray.introspection.beside import Beside, Look
from nntracker_ray.introspection.bus import Reduced
from nntracker_ray.introspection.cadence import Moment, is_due
from nntracker_ray.introspection.messages import Stamp
from nntracker_ray.introspection.on_keras.inspector import Inspector, Looking
from nntracker_ray.introspection.subscription import Subscription
from nntracker_ray.introspection.topics import Topic
from nntracker_ray.records import JsonValue, Observed
from nntracker_ray.training.batches import BatchFeed
from nntracker_ray.training.checkpoint import Checkpoint
from nntracker_ray.training.course import Course
from nntracker_ray.training.inside_memory import NOTHING, InsideMemory, memory_of, remember
from nntracker_ray.training.recorder import GuardedSink

GRACE_S: Final = 10.0  # of training before budgets count: the first looks of a run are no measure
TOLD_EVERY_S: Final = 5.0  # of training

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Spent:
    """Seconds of a run over all of its attempts."""

    looked_s: float = 0.0  # on the training's thread, compiling left out
    waited_s: float = 0.0  # by the training, for subscribers that are behind
    compiled_s: float = 0.0
    beside_s: float = 0.0  # in the thread beside


class Inside:
    """Looks at the steps of a run for its subscriptions. What fails here ends looks, never the training.

    Args:
        subscriptions: Of the run; those that cannot take part are suspended from the start.
        tell: Records facts about the run.
        estimated_share: Of the training time, as told before; None: unknown.
        resumed: The checkpoint that the attempt goes on from.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        inspector: Inspector,
        course: Course,
        feed: BatchFeed,
        total_epochs: int,
        sink: GuardedSink,
        tell: Callable[[dict[str, JsonValue]], None],
        estimated_share: float | None = None,
        resumed: Checkpoint | None = None,
    ) -> None:
        self._subscriptions, self._inspector = tuple(subscriptions), inspector
        self._course, self._feed, self._total, self._sink = course, feed, total_epochs, sink
        self._tell, self._estimated_share = tell, estimated_share
        kept = remember(self._subscriptions, resumed)
        self._before = _Spent(**kept.get("spent", {}))
        self._waited_s = 0.0
        self._last_step = int(kept.get("last_step", 0))
        # A fork goes on with its parent's seconds, but may be the first to look.
        self._began_s = float(kept.get("began_s", course.elapsed_s))
        self._cadences = _cadences(self._subscriptions)
        self._beside = Beside()
        self._looking: tuple[Looking, Stamp, Sequence[Subscription], Moment] | None = None
        self._told: dict[str, JsonValue] = {}
        self._told_at_s = 0.0
        self._tell_state()

    def before_batch(self) -> None:
        """A step is about to be made: look at it, if somebody is due."""
        course = self._course
        step, done = course.steps_done + 1, course.batches_done
        ends = done == self._feed.batches - 1
        if step <= self._last_step or not self._cadences:
            return
        moment = Moment(course.epochs_done, step, done == 0, ends, course.epochs_done == self._total - 1)
        if not any(is_due(one, moment) for one in self._cadences):
            return
        due = [one for one in self._subscriptions if one.takes_part() and is_due(one.observed, moment)]
        if not due:
            return
        try:
            looking = self._inspector.before(due, lambda: self._feed.batch(moment.epoch, done), step)
        except Exception as error:
            self._fail(due, error, step)
        else:
            self._looking = looking, Stamp(moment.epoch, step, datetime.now(UTC)), due, moment

    def after_batch(self) -> None:
        """The step is made: look at what it has done, and let the rest be done beside."""
        if self._looking is None:
            return
        (looking, stamp, due, moment), self._looking = self._looking, None
        try:
            self._inspector.after(looking, stamp.step)
            marked = _marked(due, moment)
            self._waited_s += self._beside.put(Look(stamp, lambda: [*looking.reduced(), *marked], due))
        except Exception as error:
            self._fail(due, error, stamp.step)
        self._last_step = stamp.step
        self._note()

    def settle(self) -> None:
        """Wait until every look is worked off, and record what came of it."""
        if self._subscriptions:
            self._waited_s += self._beside.settle()
            self._note()

    def memory(self) -> InsideMemory:
        """What a checkpoint of this moment holds."""
        if not self._subscriptions:
            return NOTHING
        self.settle()
        spent = self._spent
        as_numbers = {name: getattr(spent, name) for name in spent.__dataclass_fields__}
        return memory_of(
            self._subscriptions, last_step=self._last_step, began_s=self._began_s, spent=as_numbers
        )

    def close(self) -> None:
        """End the thread beside; tell what it has cost."""
        if self._subscriptions:
            self.settle()
            self._tell_cost()
        self._beside.close()

    def _note(self) -> None:
        """Record what is there, tell what is new, end what takes too long."""
        self._sink.record(*self._beside.take())
        self._hold_budgets()
        self._tell_state()
        if self._course.elapsed_s - self._told_at_s >= TOLD_EVERY_S:
            self._tell_cost()

    def _hold_budgets(self) -> None:
        trained_s = self._course.elapsed_s - self._began_s - self._spent.compiled_s
        if trained_s < GRACE_S:
            return
        for one in self._subscriptions:
            if one.takes_part() and one.spent_s > one.observed.budget * trained_s:
                share, allowed = one.spent_s / trained_s, one.observed.budget
                why = f"took {share:.1%} of the training time; its budget is {allowed:.1%}"
                one.suspend(why, self._last_step)
                _log.warning("the metric %s is suspended: it %s", one.observed.metric, why)

    @property
    def _spent(self) -> _Spent:
        before = self._before
        return _Spent(
            before.looked_s + self._inspector.looked_s,
            before.waited_s + self._waited_s,
            before.compiled_s + self._inspector.compiled_s,
            before.beside_s + self._beside.worked_s,
        )

    def _tell_state(self) -> None:
        """The fact `introspection`, when it has changed."""
        if not self._subscriptions:
            return
        state: dict[str, JsonValue] = {
            "observed": [one.described() for one in self._subscriptions],
            "suspended": [
                {"metric": one.observed.metric, "why": one.suspended, "step": one.suspended_at}
                for one in self._subscriptions
                if not one.takes_part()
            ],
            "ignored": [{"metric": metric, "why": why} for metric, why in self._inspector.silent()],
        }
        if state != self._told:
            self._told = state
            self._tell({"introspection": state})

    def _tell_cost(self) -> None:
        self._told_at_s = self._course.elapsed_s
        spent = self._spent
        own_s = spent.looked_s + spent.waited_s
        trained_s = max(self._told_at_s - self._began_s - spent.compiled_s - own_s, 1e-9)
        by_metric: dict[str, float] = {}
        for one in self._subscriptions:
            by_metric[one.observed.metric] = by_metric.get(one.observed.metric, 0.0) + one.spent_s
        cost: dict[str, JsonValue] = {
            "share": own_s / trained_s,
            "estimated_share": self._estimated_share,
            "trained_s": trained_s,
            "looked_s": own_s,
            "compiled_s": spent.compiled_s,
            "beside_s": spent.beside_s,
            "by_metric": by_metric,
        }
        self._tell({"introspection_cost": cost})

    def _fail(self, due: Sequence[Subscription], error: Exception, step: int) -> None:
        _log.exception("a look has failed; training goes on")
        for one in due:
            one.suspend(f"the look failed: {error!r}", step)
        self._tell_state()


def _cadences(subscriptions: Sequence[Subscription]) -> list[Observed]:
    """One of each cadence: asked before every batch, so there should be few."""
    found = {(one.observed.every, one.observed.every_epochs): one.observed for one in subscriptions}
    return list(found.values())


def _marked(due: Sequence[Subscription], moment: Moment) -> list[Reduced]:
    """The messages of those that listen to markers alone."""
    there = {Topic.BATCH_BEGIN, Topic.BATCH_END}
    there |= {Topic.EPOCH_BEGIN} if moment.begins_epoch else set()
    there |= {Topic.EPOCH_END} if moment.ends_epoch else set()
    return [
        Reduced(one, dict.fromkeys(one.markers, True))
        for one in due
        if one.markers and len(one.markers) == len(one.topics) and there.issuperset(one.markers)
    ]
