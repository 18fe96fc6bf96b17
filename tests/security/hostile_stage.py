"""A platform on which everything that has a name is called something hostile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from nntracker_ray.accounts.own_account import keep_token
from nntracker_ray.accounts.passwords import hash_password
from nntracker_ray.accounts.roles import Role, Scope
from nntracker_ray.accounts.secrets import new_secret, new_token, secret_hash
from nntracker_ray.records import (
    Adaptation,
    Batch,
    Capture,
    DatasetRef,
    LogLine,
    MetricArray,
    MetricPoint,
    NamedConf,
    RunFact,
    RunSpec,
    RunState,
    WeightArray,
)
from nntracker_ray.storage import (
    account_writes,
    audit_log,
    dataset_rows,
    model_rows,
    session_writes,
    sharing_writes,
    writes,
)
from nntracker_ray.storage.connection import Connection, Database
from tests.security.hostile_words import LONG, WORDS
from tests.web_examples import claim, end, run_specs, submit, train

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "violet tractor under seven clouds"
ADMINISTRATOR = "ruth"  # signs in by password
CROWDED = "crowded"  # the experiment whose first run has every word inside
FACTS = {
    "arrays": False,
    "rows": 3,
    "column_count": len(WORDS),
    "notes": list(WORDS),
    "columns": [
        {
            "name": word,
            "kind": "Label",
            "dtype": word,
            "shape": [3],
            "unique": 3,
            "missing": 0,
            "infinite": 0,
            "minimum": None,
            "maximum": None,
            "preview": [word, word],
        }
        for word in WORDS
    ],
}
LAYERS = [
    {"name": word, "class_name": word, "kind": word, "output_shape": [None, 2], "parameters": 2}
    for word in WORDS
]


@dataclass(frozen=True, slots=True)
class HostileStage:
    """What is there to look at."""

    experiment_id: UUID  # the crowded one
    run_ids: Sequence[UUID]  # of it, failed and finished
    link: str  # secret of a share link to it
    person_id: UUID  # somebody with a hostile name


def set_stage(database: Database) -> HostileStage:
    """Write all of it, straight into the database: names that a door refuses today may be there already."""
    for place, word in enumerate(WORDS):
        specs = run_specs(f"{place}")
        submit(database, word, [replace(spec, name=word, tags=(word,)) for spec in specs])
    with database.connection() as conn:
        conn.execute("UPDATE runs SET state = 'paused'")  # so that the crowded ones are next in the queue
    run_ids, experiment_id = _crowd(database)
    with database.connection() as conn:
        owner = writes.ensure_local_account(conn)
        person_id = _people(conn)
        _stored(conn, owner)
        ruth = account_writes.add_account(
            conn,
            name=ADMINISTRATOR,
            full_name=WORDS[0],
            role=Role.ADMINISTRATOR,
            password_hash=hash_password(PASSWORD),
        )
        _belongings(conn, ruth)
        link = _shares(conn, owner, experiment_id, person_id)
    return HostileStage(experiment_id, run_ids, link, person_id)


def _crowd(database: Database) -> tuple[list[UUID], UUID]:
    specs = [_crowded(spec) for spec in run_specs(CROWDED, folds=2, epochs=4)]
    submit(database, CROWDED, specs)
    ids = []
    for state, error in ((RunState.FAILED, "\n".join(WORDS) + LONG), (RunState.FINISHED, None)):
        lease = claim(database)
        train(database, lease, range(4))
        with database.connection() as conn:
            writes.write_batches(conn, [Batch(lease.run_no, lease.attempt, tuple(_records()))])
        end(database, lease, state, error)
        ids.append(lease.run_id)
    return ids, specs[0].experiment_id


def _crowded(spec: RunSpec) -> RunSpec:
    conf = {word: word for word in WORDS}
    return replace(
        spec,
        name=f"{spec.name} {WORDS[8]}",
        tags=WORDS,
        configuration=replace(
            spec.configuration,
            optimizer=NamedConf(WORDS[0], conf),
            loss_function=NamedConf(WORDS[1]),
            sweep=dict(zip(WORDS, WORDS[::-1], strict=True)),
        ),
        train=DatasetRef("1" * 64, WORDS[2], WORDS[3], WORDS[4], WORDS[5]),
        validation=DatasetRef("1" * 64, WORDS[6]),
        one_hot=WORDS,
    )


def _records():
    for epoch in range(4):
        for place, word in enumerate(WORDS):
            yield MetricPoint(word, epoch, 45 * (epoch + 1), float(epoch + place), AT)
            yield MetricPoint(f"val_{word}", epoch, 45 * (epoch + 1), float(place - epoch), AT)
    arrays = tuple(
        WeightArray(place, word, word, np.arange(4, dtype=np.float32)) for place, word in enumerate(WORDS)
    )
    yield from (Capture(epoch, 45, arrays, AT) for epoch in (0, 3))
    yield from (Adaptation("learning_rate", 2, 90 + n, 0.1, 0.01, word, AT) for n, word in enumerate(WORDS))
    yield from (LogLine(no, "log", word[:20], word, AT) for no, word in enumerate((*WORDS, LONG)))
    yield RunFact("environment", {word: word for word in WORDS})
    yield from _inside()
    yield RunFact("model_summary", {"layers": LAYERS})


def _inside():
    """Metrics, layers and tensors are called by plug-ins and models; why something is suspended, by exceptions."""
    edges, alike = np.array([0.0, 1.0, 2.0]), np.array([[45.0], [0.5]])
    for place, word in enumerate(WORDS):
        of_layer = {"layer": word, "tensor": word}
        for metric in ("weights/mean", "weights/ratio", word):
            yield MetricPoint(metric, 1, 90, float(place) - 5.0, AT, **of_layer)
        yield MetricArray("weights/histogram", 1, 90, np.array([place, 1]), edges, AT, **of_layer)
        yield MetricArray("probe_activations/svcca", 1, 90, alike, None, AT, **of_layer)
    told = [{"metric": word, "why": word, "step": word} for word in WORDS]
    yield RunFact("introspection", {"observed": [], "suspended": told, "ignored": list(WORDS)})
    yield RunFact("introspection_cost", {"share": 0.02, "by_metric": dict.fromkeys(WORDS, 1.0)})


def _people(conn: Connection) -> UUID:
    ids = [
        account_writes.add_account(conn, name=word, full_name=word, role=Role.USER, password_hash=None)
        for word in WORDS
    ]
    for word in WORDS:
        audit_log.note_deed(conn, by=word, action=word, subject=word, details=word, address=word)
    return ids[0]


def _stored(conn: Connection, owner: UUID) -> None:
    for place, word in enumerate(WORDS):
        shared = {"owner_id": owner, "name": word, "is_public": True}
        dataset_rows.add_dataset(conn, digest=f"{place:064x}", kind="csv", size=5, facts=FACTS, **shared)
        facts = {"input_shape": [2], "output_shape": [2], "parameters": 2, "layers": LAYERS}
        model_rows.add_model(conn, digest=f"{place:064x}", facts=facts, **shared)


def _belongings(conn: Connection, user_id: UUID) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    for word in WORDS:
        keep_token(conn, user_id, new_token(), name=word, scopes=[Scope.READ], expires_at=None)
        session_writes.open_session(
            conn,
            session_hash=secret_hash(new_secret()),
            now=datetime.now(UTC),
            expires_at=later,
            user_id=user_id,
            address=word,
            agent=word,
        )


def _shares(conn: Connection, owner: UUID, experiment_id: UUID, person_id: UUID) -> str:
    secret = new_secret()
    later = datetime.now(UTC) + timedelta(days=1)
    sharing_writes.add_share_link(
        conn,
        actor_id=owner,
        experiment_id=experiment_id,
        token_hash=secret_hash(secret),
        by=WORDS[0],
        expires_at=later,
    )
    sharing_writes.share_with(
        conn, actor_id=owner, experiment_id=experiment_id, user_id=person_id, may_act=True, by=WORDS[1]
    )
    return secret
