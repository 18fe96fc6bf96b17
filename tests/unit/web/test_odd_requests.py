"""What strange clients send: a name for the server that is none, cookies of other programs, text that is no text."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from apps.api.control_schemas import CommandIn
from apps.api.cookies import session_secret
from apps.api.origins import own_origin
from apps.api.problems import problem

HERE = "http://127.0.0.1:8000"


@pytest.mark.parametrize("host", ["127.0.0.1:abc", "127.0.0.1:99999", "localhost:80;script-src *", "[::1"])
def test_a_host_without_a_real_port_is_not_ours(host: str):
    """It becomes part of a cookie's name and of headers; asked without a session it was a server error."""
    assert own_origin(host, frozenset()) is None


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_the_machines_own_names_are_ours(host: str):
    """Nobody should have to list them."""
    assert own_origin(host, frozenset()) == f"http://{host}"


@pytest.mark.parametrize("other", ['theme={"dark": true}', "a[b]=1", "=", "lone", 'q="open'])
def test_other_programs_cookies_do_not_sign_anybody_out(other: str):
    """All programs of this machine share the cookies of 127.0.0.1, and not all write them by the book."""
    assert session_secret(f"{other}; nntracker_session_8000=secret", HERE) == "secret"
    assert session_secret(other, HERE) is None


def test_half_a_character_in_a_command_is_refused():
    """JSON can say it; no table and no answer can hold it."""
    fork = {"verb": "fork", "selection": {"tag": "x"}, "arguments": {"changes": {"name": "\ud800"}}}

    with pytest.raises(ValidationError, match="surrogate"):
        CommandIn.model_validate(fork)


def test_a_problem_can_repeat_what_is_no_text():
    """An answer that cannot be written is a connection that breaks, and a client that is told nothing."""
    answer = problem(400, "unknown name '\ud800', not 'é'")

    assert json.loads(bytes(answer.body))["detail"] == "unknown name '?', not 'é'"
    assert answer.headers["content-type"] == "application/problem+json"
