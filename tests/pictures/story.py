"""What the pictures tell of: a small laboratory with four people, its experiments and their ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from nntracker_ray.accounts import administration, own_account, registration, sharing
from nntracker_ray.accounts.actor import Actor
from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.config.problems import Problems
from nntracker_ray.config.reading import read_tree
from nntracker_ray.example_files import offer_files
from nntracker_ray.home import Home
from nntracker_ray.records import Lease, RunState
from nntracker_ray.sources import FileSources
from nntracker_ray.storage import account_writes, writes
from nntracker_ray.storage.connection import Database
from nntracker_ray.submission import prepare, submit
from tests.pictures.trainings import Trainings

EXAMPLES = Path(__file__).parents[2] / "examples"
# More looks than the example makes: a picture of six would say little.
LOOKS = [
    {"metric": "norm", "topics": ["weight_gradients", "weights", "activations"], "every": 20},
    {"metric": "ratio", "every": 20},
    {"metric": "histogram", "topics": ["weights"], "every_epochs": 1},
    {"metric": "svcca", "layers": ["strokes", "hidden"], "every_epochs": 1, "budget": 1.0},
]
PASSWORD = "violet tractor under seven clouds"
OUT_OF_MEMORY = """Traceback (most recent call last):
  File "nntracker_ray/training/fit.py", line 103, in _train
    self._outcome = self._attempt.run()
  File "nntracker_ray/training/attempt.py", line 128, in run
    self._fit()
ResourceExhaustedError: OOM when allocating tensor with shape[32,4096,4096] and type float"""


@dataclass
class Story:
    """Tells it to a fresh database; afterwards holds what the pictures point to."""

    home: Home
    database: Database
    people: dict[str, Actor] = field(default_factory=dict)
    experiments: dict[str, UUID] = field(default_factory=dict)
    runs: dict[str, UUID] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # secrets
    at_work: list[Lease] = field(default_factory=list)

    def tell(self) -> None:
        """Accounts first, then their work."""
        logging.getLogger("nntracker_ray").setLevel(logging.INFO)
        self._people()
        trainings = Trainings(self.home, self.database)
        self._flowers(trainings)
        self._diabetes(trainings)
        self._digits(trainings)
        self._rates(trainings)
        self._shares()

    def keep_alive(self) -> None:
        """Say that what is at work lives: silent trainers are shown as lost ones."""
        with self.database.connection() as conn:
            for lease in self.at_work:
                writes.heartbeat(conn, run_no=lease.run_no, attempt=lease.attempt)

    def _people(self) -> None:
        with self.database.connection() as conn:
            local = account_writes.ensure_local_account(conn)
        admin = self.people["local"] = Actor(local, "local", Role.ADMINISTRATOR, "127.0.0.1")
        for name, full_name, role in (
            ("ada", "Ada Lovelace", Role.USER),
            ("grace", "Grace Hopper", Role.CODE),
            ("charles", "Charles Babbage", Role.VIEWER),
            ("intern", "", Role.USER),
        ):
            user_id = administration.make_account(
                self.database, admin, name=name, full_name=full_name, role=role
            )
            self.people[name] = Actor(user_id, name, role, "127.0.0.1")
        administration.set_disabled(self.database, admin, self.people["intern"].user_id, disabled=True)
        with self.database.connection() as conn:
            account_writes.change_account(
                conn, self.people["ada"].user_id, password_hash=hash_password(PASSWORD)
            )
        for role in (Role.USER, Role.VIEWER):
            _, self.links["invitation"] = registration.invite(self.database, admin, role)
        for name, scopes in (("nightly report", (Scope.READ,)), ("submit from CI", (Scope.READ, Scope.ACT))):
            own_account.make_token(
                self.database, admin, name=name, scopes=scopes, lifetime=timedelta(days=90)
            )

    def _flowers(self, trainings: Trainings) -> None:
        self._submit("iris", "local", name="Iris, three folds")
        for _ in range(3):
            trainings.next_run(RunState.FINISHED)

    def _diabetes(self, trainings: Trainings) -> None:
        self._submit("diabetes", "ada", name="Diabetes", tags=["table"])
        for _ in range(3):
            trainings.next_run(RunState.FINISHED)
        failed = trainings.next_run(RunState.FAILED, epochs=11, error=OUT_OF_MEMORY)
        self.runs["failed"] = failed.run_id

    def _digits(self, trainings: Trainings) -> None:
        self._submit(
            "digits",
            "local",
            name="Digits",
            tags=["baseline", "nightly"],
            total_epochs=30,
            introspection=LOOKS,
        )
        for number in range(8):
            lease = trainings.next_run(RunState.FINISHED)
            self.runs[f"digits {number}"] = lease.run_id

    def _rates(self, trainings: Trainings) -> None:
        rates = [0.0003, 0.001, 0.003, 0.01, 0.03]
        no_folds: dict[str, Any] = {"k-fold_validation": None, "k-fold_tag": None, "validation_split": 0.2}
        self._submit(
            "digits",
            "ada",
            name="Digits, five rates",
            tags=["nightly"],
            total_epochs=40,
            learning_rates=rates,
            optimizers=["adam"],
            **no_folds,
        )
        trainings.next_run(RunState.FINISHED)
        trainings.next_run(RunState.PAUSED, epochs=23)
        for epochs in (31, 12):
            self.at_work.append(trainings.next_run(RunState.RUNNING, epochs=epochs))
            self.runs["running"] = self.at_work[0].run_id

    def _submit(self, example: str, who: str, **changes: Any) -> None:
        """Queue an example of ours with some keys changed; None takes a key away."""
        path = next((EXAMPLES / example).glob("experiment.*"))
        told = read_tree(path, Problems()) | changes
        wanted = {key: value for key, value in told.items() if value is not None}
        actor = self.people[who]
        sources = FileSources(self.home, path.parent)
        prepared = prepare(wanted, home=self.home, owner_id=actor.user_id, sources=sources)
        self.experiments[prepared.name] = submit(self.database, prepared, owner_id=actor.user_id)
        if example == "digits":  # names are given once, and every example calls its model the same
            offer_files(self.database, self.home, prepared, owner_id=actor.user_id)
        with self.database.connection() as conn:
            actor.note(conn, "submitted an experiment", prepared.name, f"{len(prepared.runs)} runs")

    def _shares(self) -> None:
        admin, digits = self.people["local"], self.experiments["Digits"]
        for name, may_act in (("ada", True), ("charles", False)):
            sharing.share(self.database, admin, digits, name=name, may_act=may_act)
        self.links["share"] = sharing.make_link(self.database, admin, digits, days=30).secret
