"""Acting on one run from its page: questions where something is to be said or lost, commands, what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

from apps.api.sign_in import PageCaller
from apps.dashboard.acting import Acting, Said
from apps.dashboard.components.dialogs import CLOSE, NO_DIALOG
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages import run_dialogs as asked
from apps.dashboard.pages.run_dialogs import Answers, FieldsError
from apps.dashboard.pages.runs_dialogs import delete_dialog
from apps.dashboard.serving import Platform
from apps.dashboard.session import in_background
from nntracker_ray.checkpoints.info import CheckpointInfo
from nntracker_ray.commands import Verb
from nntracker_ray.records import JsonValue, RunRow
from nntracker_ray.storage import queries
from nntracker_ray.storage.tag_writes import list_tags

READ: Mapping[str, tuple[Verb, Callable[[Deed], dict[str, JsonValue]]]] = {
    "give-extend": (Verb.EXTEND, asked.extension),
    "give-prioritise": (Verb.PRIORITISE, asked.priority),
    "give-fork": (Verb.FORK, asked.fork),
}
AT_ONCE = frozenset({Verb.PAUSE, Verb.RESUME, Verb.STOP, Verb.RERUN})


class RunAsking:
    """The dialog of a run's page. Call everything where the page's document may be changed."""

    def __init__(
        self,
        platform: Platform,
        caller: PageCaller,
        run_id: UUID,
        *,
        may_act: bool,
        told: Callable[[Said], None],
    ) -> None:
        self._platform, self._viewer_id, self._run_id = platform, caller.viewer_id, run_id
        self._may_act, self._told = may_act, told
        self._acting = Acting(platform.database, platform.home, caller.viewer_id, caller.name)
        self._row: RunRow | None = None
        self._checkpoints: list[CheckpointInfo] = []
        self.dialog = Elements(NO_DIALOG).on_deed(self._on_dialog)

    def hear(self, deed: Deed, row: RunRow) -> None:
        """A deed on the page that leads nowhere else."""
        self._row = row
        if not self._may_act:
            return
        if deed.act in AT_ONCE:
            self._give(Verb(deed.act), {})
        elif deed.act == "remove-tag":
            self._do(partial(self._acting.tag, [self._run_id], remove=[deed.value]))
        elif (ask := self._questions.get(deed.act)) is not None:
            ask(row)

    @property
    def _questions(self) -> Mapping[str, Callable[[RunRow], None]]:
        return {
            Verb.EXTEND: lambda row: self.dialog.update(asked.extend_dialog(row)),
            Verb.PRIORITISE: lambda _row: self.dialog.update(asked.priority_dialog()),
            Verb.FORK: lambda _row: in_background(self._kept, self._ask_fork),
            Verb.DELETE: lambda row: in_background(
                lambda: self._acting.cost_of_deletion([self._run_id]),
                lambda costs: self.dialog.update(delete_dialog(costs, [row.name])),
            ),
            "ask-tag": lambda _row: in_background(
                self._tags, lambda tags: self.dialog.update(asked.add_tag_dialog(tags))
            ),
        }

    def _on_dialog(self, deed: Deed) -> None:
        if deed.act == CLOSE:
            self.dialog.update(NO_DIALOG)
        elif self._may_act and deed.act in READ:
            self._read(deed)
        elif self._may_act and deed.act == "delete-for-good":
            self._close_and(partial(self._acting.give, Verb.DELETE, [self._run_id]))
        elif self._may_act and deed.act == "give-tags":
            tags = [tag for part in deed.only("add").split(",") if (tag := part.strip())]
            self._close_and(partial(self._acting.tag, [self._run_id], add=tags))

    def _read(self, deed: Deed) -> None:
        verb, arguments_of = READ[deed.act]
        try:
            arguments = arguments_of(deed)
        except FieldsError as error:
            given = {name: values[0] for name, values in deed.fields.items() if values}
            self.dialog.update(self._again(verb, Answers(given, error.wrong)))
            return
        self.dialog.update(NO_DIALOG)
        self._give(verb, arguments)

    def _again(self, verb: Verb, answers: Answers) -> Tree:
        assert self._row is not None  # noqa: S101 - for the type checker: it was asked about
        if verb is Verb.EXTEND:
            return asked.extend_dialog(self._row, answers)
        if verb is Verb.PRIORITISE:
            return asked.priority_dialog(answers)
        return asked.fork_dialog(self._row, self._checkpoints, answers)

    def _ask_fork(self, kept: list[CheckpointInfo]) -> None:
        self._checkpoints = kept
        if self._row is not None:
            self.dialog.update(asked.fork_dialog(self._row, kept))

    def _kept(self) -> list[CheckpointInfo]:
        with self._platform.database.connection() as conn:
            return queries.checkpoints(conn, viewer_id=self._viewer_id, run_id=self._run_id)

    def _tags(self) -> list[str]:
        with self._platform.database.connection() as conn:
            return [row.tag for row in list_tags(conn, viewer_id=self._viewer_id, limit=20)]

    def _give(self, verb: Verb, arguments: dict[str, JsonValue]) -> None:
        self._do(partial(self._acting.give, verb, [self._run_id], arguments))

    def _close_and(self, work: Callable[[], Said]) -> None:
        self.dialog.update(NO_DIALOG)
        self._do(work)

    def _do(self, work: Callable[[], Said]) -> None:
        in_background(work, self._told)
