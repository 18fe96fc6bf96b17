"""Whatever is sent to REST, the answer is one that its description gives, and never that the server broke (R6)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from unittest import SkipTest

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nntracker_ray.storage.connection import Database
from tests.security.belongings import ADMINISTRATOR, OWNER, Household, household
from tests.security.described_routes import document

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("NNTRACKER_SCHEMATHESIS_EXAMPLES", "3"))  # of each operation; more by hand
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
LONGEST_ADDRESS = 60_000  # the HTTP server refuses more, before we are asked
# A stream has no end to wait for; who waits for a command waits.
ENDLESS = "/api/events"
schemathesis.serializer("application/zip")(lambda _context, value: json.dumps(value, default=str).encode())
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [found for one in SCHEMA.get_all_operations() if (found := one.ok()).path != ENDLESS]


@pytest.fixture(scope="module")
def house(tmp_path_factory, module_database: Database) -> Iterator[Household]:
    """A database of its own: all of it may be deleted by what is tried."""
    with household(tmp_path_factory.mktemp("home"), module_database) as house:
        yield house


def send(case: schemathesis.Case, house: Household, who: str) -> None:
    """Send it and look at the answer. To half of the ids there is something."""
    headers = {"authorization": house.clients[who].headers["authorization"]}
    for name in (case.path_parameters or {}).keys() & house.ids.keys():
        if case.path_parameters[name] < "8":
            case.path_parameters[name] = str(house.ids[name])
    answer = case.call(base_url=house.address, headers=headers, timeout=60)
    if len(str(answer.request.url)) < LONGEST_ADDRESS:
        case.validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("who", [OWNER, ADMINISTRATOR])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_every_request_has_an_answer(operation: Any, who: str, mode: GenerationMode, house: Household):
    """Described or not, extreme or empty: a request never breaks the server."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=[*HealthCheck], print_blob=False,
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def try_some(case: schemathesis.Case) -> None:
        send(case, house, who)

    try:
        try_some()
    except (Unsatisfiable, SkipTest):
        assert mode is GenerationMode.NEGATIVE  # some take whatever comes


def test_the_server_still_works(house: Household):
    """After all that."""
    assert httpx.get(f"{house.address}/api/health").status_code == 200
