"""A new experiment: `/new`. Form and file are two views of one draft."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import panel as pn

from apps.api.sign_in import PageCaller
from apps.dashboard.components.elements import Deed, Elements
from apps.dashboard.components.notices import Notices
from apps.dashboard.drafts import Draft
from apps.dashboard.given import uuid_of
from apps.dashboard.page import page, page_caller
from apps.dashboard.pages.new_deeds import CHANGES
from apps.dashboard.pages.new_view import KEPT, NewPage, loading_view, new_view
from apps.dashboard.pages.runs_view import away_view
from apps.dashboard.serving import Platform
from apps.dashboard.session import in_background
from apps.heavy_work import Lane
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.roles import Role
from nntracker_ray.accounts.standing import require_role
from nntracker_ray.config.writing import file_of
from nntracker_ray.datasets.fetch import is_url
from nntracker_ray.errors import BadInputError, ConfigError, DatabaseAwayError, NNTrackerError, Problem
from nntracker_ray.models.catalog import Catalog, load_catalog
from nntracker_ray.own_submission import sources_of, submit_own
from nntracker_ray.previewing import Preview, preview
from nntracker_ray.storage.dataset_rows import DatasetRow, page_of_datasets
from nntracker_ray.storage.experiment_queries import experiment_config
from nntracker_ray.storage.model_rows import ModelRow, page_of_models
from nntracker_ray.stored_files import keep_model

log = logging.getLogger(__name__)

MOST_OFFERED = 200  # stored datasets, and as many models
AGAIN_AFTER_MS = 2_000
DATA = ("dataset_train", "dataset_test", "dataset_val")


def new_page(platform: Platform) -> Any:
    """Build the page for one visitor; `/new?from=UUID` begins with what an experiment was made of."""
    given = next(iter(pn.state.session_args.get("from", ())), b"").decode("ascii", "replace")
    return NewExperiment(platform, page_caller(), uuid_of(given)).layout


@dataclass(frozen=True)
class _Look:
    """What a look at a draft has found."""

    draft: Draft
    catalog: Catalog
    found: Preview
    models: tuple[ModelRow, ...]
    datasets: tuple[DatasetRow, ...]
    chosen: dict[str, DatasetRow]
    model: ModelRow | None


class NewExperiment:
    """One visitor's draft. All but `_look_at` and `_submit` runs where the page's document may be changed."""

    def __init__(self, platform: Platform, caller: PageCaller, like: UUID | None = None) -> None:
        assert caller.user_id is not None, "the gate lets no visitor through"  # noqa: S101 - for the type checker
        self._platform, self._user_id = platform, caller.user_id
        self._actor = Actor(caller.user_id, caller.name, caller.role)
        self._sources = sources_of(self._actor, platform.home, platform.database)
        self._draft, self._like = Draft(), like
        self._looked: _Look | None = None
        self._is_looking = self._was_away = False
        self._busy = ""
        self._refusals: tuple[Problem, ...] = ()
        self._elements = Elements(loading_view()).on_deed(self._on_deed)
        self._notices = Notices()
        self.layout = page("New experiment", [self._elements, self._notices.elements])

    def _on_deed(self, deed: Deed) -> None:
        act, _, place = deed.act.partition(":")
        if act == "submit":
            self._begin()
        elif act == "kept" and (like := self._like) is not None:
            in_background(lambda: self._text_of(like), self._begin_with)
        elif act == "paste-model":
            self._paste_model(deed.value)
        elif change := CHANGES.get(act):
            changed = change(self._draft, place, deed)
            if changed is not self._draft or act == "check":
                self._change(changed, keeps=act != "kept")

    def _change(self, draft: Draft, *, keeps: bool = True) -> None:
        self._draft, self._refusals = draft, ()
        if keeps:
            self._elements.keep(KEPT, draft.text)
        self._draw()
        self._look()

    def _look(self) -> None:
        if self._is_looking:
            return  # and look again afterwards: who types fast must not have ten looks at once
        self._is_looking, draft = True, self._draft
        in_background(lambda: self._look_at_or_not(draft), self._seen, lane=Lane.LOOKING)

    def _look_at_or_not(self, draft: Draft) -> _Look | None:
        try:
            return self._look_at(draft)
        except DatabaseAwayError:
            return None
        except Exception:
            log.exception("a draft could not be looked at")
            return None

    def _look_at(self, draft: Draft) -> _Look:
        home, database = self._platform.home, self._platform.database
        with database.connection() as conn:
            models = page_of_models(conn, viewer_id=self._user_id, limit=MOST_OFFERED).rows
            datasets = page_of_datasets(conn, viewer_id=self._user_id, limit=MOST_OFFERED).rows
        found = preview(draft.text, home=home, sources=self._sources, viewer_id=self._user_id)
        chosen = {place: row for place in DATA if (row := self._dataset(draft, place))}
        return _Look(draft, load_catalog(home), found, models, datasets, chosen, self._model(draft))

    def _dataset(self, draft: Draft, place: str) -> DatasetRow | None:
        source = draft.value(place)
        if not isinstance(source, str) or is_url(source):
            return None
        try:
            return self._sources.dataset_row(source)
        except BadInputError:
            return None

    def _model(self, draft: Draft) -> ModelRow | None:
        source = draft.value("model")
        try:
            return self._sources.model_row(source) if isinstance(source, str) else None
        except BadInputError:
            return None

    def _seen(self, looked: _Look | None) -> None:
        self._is_looking = False
        if looked is None:
            self._try_again_soon()
            return
        self._looked, self._was_away = looked, False
        self._draw()
        if looked.draft is not self._draft:
            self._look()

    def _try_again_soon(self) -> None:
        """What is written stays, and is looked at once the database is back."""
        if self._looked is None:
            self._elements.update(away_view())
        elif not self._was_away:
            self._notices.say("The server cannot look at this now; it tries again by itself", is_bad=True)
        self._was_away = True
        pn.state.curdoc.add_timeout_callback(self._look, AGAIN_AFTER_MS)

    def _draw(self) -> None:
        if (seen := self._looked) is None:
            return
        shown = NewPage(
            self._draft,
            seen.catalog,
            seen.models,
            seen.datasets,
            seen.found,
            is_current=seen.draft is self._draft,
            busy=self._busy,
            refusals=self._refusals,
            chosen=seen.chosen,
            model=seen.model,
        )
        self._elements.update(new_view(shown))

    def _text_of(self, experiment_id: UUID) -> str:
        try:
            with self._platform.database.connection() as conn:
                config = experiment_config(conn, viewer_id=self._user_id, experiment_id=experiment_id)
            return file_of(config)
        except NNTrackerError as error:
            return f"# {error}\n"

    def _begin_with(self, text: str) -> None:
        self._like = None
        self._elements.show_place("/new")  # a reload must bring back the draft, not what it began with
        self._change(Draft.of_text(text))

    def _paste_model(self, text: str) -> None:
        if not text.strip():
            return

        def keep() -> ModelRow | str:
            try:
                return keep_model(
                    self._platform.database,
                    self._platform.home,
                    self._actor,
                    text,
                    name=_name_in(text),
                    renumber=True,
                )[0]
            except NNTrackerError as error:
                return str(error)

        def kept(result: ModelRow | str) -> None:
            if isinstance(result, str):
                self._notices.say(result, is_bad=True)
            else:
                self._change(self._draft.put("model", result.name))

        in_background(keep, kept, lane=Lane.LOOKING)

    def _begin(self) -> None:
        if self._busy:
            return
        self._busy = "Looking at data and model …"
        self._draw()
        draft = self._draft
        in_background(lambda: self._submit(draft), self._submitted, lane=Lane.READING)

    def _submit(self, draft: Draft) -> UUID | tuple[Problem, ...]:
        try:
            with self._platform.database.connection() as conn:
                require_role(conn, self._user_id, Role.USER)
            return submit_own(
                draft.text,
                actor=self._actor,
                home=self._platform.home,
                database=self._platform.database,
            )
        except ConfigError as error:
            return error.problems
        except NNTrackerError as error:
            return (Problem("", str(error)),)

    def _submitted(self, result: UUID | tuple[Problem, ...]) -> None:
        self._busy = ""
        if isinstance(result, UUID):
            self._elements.keep(KEPT, "")
            self._elements.load(f"/?experiment={result}")
        else:
            self._refusals = result
            self._notices.say("Nothing was submitted; what is to mend stands beside the form", is_bad=True)
        self._draw()


def _name_in(text: str) -> str:
    """What a model calls itself, for lack of a file's name."""
    try:
        name = json.loads(text)["config"]["name"]
    except (ValueError, KeyError, TypeError):
        return "model"
    return str(name)[:80].replace("/", "_") if str(name)[:1].isalnum() else "model"
