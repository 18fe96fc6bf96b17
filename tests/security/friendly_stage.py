"""A platform as people have it who mean well: runs in several states, folds, weights, colleagues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import new_secret, new_token, secret_hash
from nntracker_ray.records import Batch, Capture, Lease, LogLine, NamedConf, RunState, WeightArray
from nntracker_ray.storage import account_writes, audit_log, invitation_writes, sharing_writes, writes
from nntracker_ray.storage.connection import Database
from tests.inside_examples import everything, write_inside
from tests.integration.storage.examples_of_records import NOON
from tests.web_examples import claim, end, finish, run_specs, submit, train


def set_friendly_stage(database: Database) -> tuple[UUID, UUID, UUID, str]:
    """Write it. Returns an experiment, a run of it, an account, and the secret of a share link."""
    digits = run_specs("Digits", rates=[0.01, 0.001], folds=2, epochs=8, tags=["baseline", "nightly"])
    owner = submit(database, "Digits", digits)
    for seed in range(3):
        _look_inside(database, finish(database, seed=seed))
    train(database, claim(database), range(4), seed=5)
    momentum = NamedConf("SGD", {"momentum": 0.9})
    submit(database, "Optimizers", run_specs("Optimizers", optimizers=[momentum, NamedConf("Adam")]))
    lease = claim(database)
    train(database, lease, range(5), lost=True)
    end(database, lease, RunState.FAILED, "Traceback: ...\nValueError: loss is NaN")
    return digits[0].experiment_id, digits[0].run_id, *_people(database, owner, digits[0].experiment_id)


def _look_inside(database: Database, lease: Lease) -> None:
    rng = np.random.default_rng(0)
    arrays = (
        WeightArray(0, "dense", "kernel", rng.normal(0, 1, 60).astype(np.float32)),
        WeightArray(1, "dense_1", "bias", rng.normal(0, 1, 8).astype(np.float32)),
    )
    captures = [Capture(epoch, 45 * (epoch + 1), arrays, NOON) for epoch in (0, 5, 7)]
    lines = [LogLine(no, "stdout", "", f"line {no}", NOON) for no in range(30)]
    lines.append(LogLine(30, "log", "WARNING", "the loss rises", NOON))
    with database.connection() as conn:
        writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, (*captures, *lines))])
    write_inside(database, lease, everything(range(8), layers=("dense", "dense_1")))


def _people(database: Database, owner: UUID, experiment_id: UUID) -> tuple[UUID, str]:
    secret, later = new_secret(), datetime.now(UTC) + timedelta(days=1)
    with database.connection() as conn:
        ada = account_writes.add_account(
            conn, name="ada", full_name="Ada Lovelace", role=Role.USER, password_hash=None
        )
        bob = account_writes.add_account(conn, name="bob", role=Role.VIEWER, password_hash=None)
        account_writes.set_disabled(conn, bob, disabled=True)
        keep_token(conn, owner, new_token(), name="nightly script", scopes=[Scope.READ], expires_at=later)
        shared = {"actor_id": owner, "experiment_id": experiment_id, "by": "local"}
        sharing_writes.share_with(conn, user_id=ada, may_act=True, **shared)
        sharing_writes.add_share_link(conn, token_hash=secret_hash(secret), expires_at=later, **shared)
        invitation_writes.add_invitation(
            conn, token_hash=secret_hash(new_secret()), role=Role.USER, by="local", expires_at=later
        )
        audit_log.note_deed(conn, by="local", action="invited somebody", subject="user")
    return ada, secret
