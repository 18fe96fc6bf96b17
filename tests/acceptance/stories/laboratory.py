"""A real platform with real people: the browser of each, watched, and what they bring along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, Page

from nntracker_ray.home import Home
from tests.acceptance.test_run_pages_in_a_browser import PATIENCE_MS, Watched

NNTRACKER = str(Path(sys.executable).parent / "nntracker")
PASSWORD = "violet tractor under seven clouds"
MODEL = json.dumps(
    {
        "class_name": "Sequential",
        "config": {
            "name": "two_clouds",
            "layers": [
                {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "place"}},
                {
                    "class_name": "Dense",
                    "config": {"name": "hidden", "units": 8, "activation": "relu"},
                },
                {
                    "class_name": "Dense",
                    "config": {"name": "kind", "units": 2, "activation": "softmax"},
                },
            ],
        },
    }
)


@dataclass(frozen=True)
class Laboratory:
    """A platform that runs, and a browser to visit it with."""

    home: Home
    address: str
    browser: Browser

    @property
    def link(self) -> str:
        """A new link for the administrator, as the command line prints it."""
        return nntracker(self.home, "link").stdout.strip()

    @contextmanager
    def visit(self) -> Iterator[Watched]:
        """Somebody's own browser, which must not complain, nor ask another machine."""
        context = self.browser.new_context(
            base_url=self.address, viewport={"width": 1280, "height": 900}, locale="en-GB"
        )
        watched = Watched(context.new_page(), self.address)
        watched.page.set_default_timeout(PATIENCE_MS)
        try:
            yield watched
        finally:
            context.close()
        assert not watched.complaints, watched.complaints

    @contextmanager
    def signed_in(self, name: str) -> Iterator[Watched]:
        """Somebody with an account, at the list of runs."""
        with self.visit() as watched:
            sign_in(watched.page, self.address, name)
            yield watched

    @contextmanager
    def by_rest(self, token: str | None = None) -> Iterator[httpx.Client]:
        """A script; with the token of the machine itself unless another is given."""
        headers = {"authorization": f"Bearer {token or self.home.api_token.read_text()}"}
        with httpx.Client(base_url=self.address, headers=headers, timeout=60) as client:
            yield client

    def invite(self, name: str) -> None:
        """Make an account as the pages do, for stories that begin later."""
        with self.by_rest() as client:
            invitation = answered(client.post("/api/invitations", json={"role": "user"}))
        told = {"name": name, "password": PASSWORD, "invitation": invitation["link"].partition("#")[2]}
        answer = httpx.post(f"{self.address}/registration", json=told, headers={"origin": self.address})
        answer.raise_for_status()

    def token_of(self, name: str) -> str:
        """A token for scripts of somebody who has an account."""
        with httpx.Client(base_url=self.address, headers={"origin": self.address}, timeout=60) as client:
            client.post("/session", json={"name": name, "password": PASSWORD}).raise_for_status()
            wanted = {"name": "scripts", "scopes": ["read", "act"]}
            return str(answered(client.post("/api/me/tokens", json=wanted))["token"])


def answered(answer: httpx.Response) -> Any:
    """What a request was answered, as JSON; refused ones fail the test with their reason."""
    assert answer.is_success, answer.text
    return answer.json()


def sign_in(page: Page, address: str, name: str) -> None:
    """With name and password, as people do."""
    page.goto(f"{address}/welcome")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


def clouds(file: Path, rows: int) -> Path:
    """A small table: two clouds of points and which is which."""
    rng = np.random.default_rng(7)
    kinds = rng.integers(0, 2, rows)
    points = rng.normal(kinds[:, None] * 2.0, 1.0, (rows, 2))
    lines = [
        f"{x:.4f},{y:.4f},{'far' if kind else 'near'}" for (x, y), kind in zip(points, kinds, strict=True)
    ]
    file.write_text("\n".join(["x,y,kind", *lines, ""]))
    return file


def nntracker(home: Home, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The installed command on a data folder."""
    env = {**os.environ, "NNTRACKER_HOME": str(home.root), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [NNTRACKER, *map(str, arguments)], capture_output=True, text=True, env=env, timeout=200, check=False
    )
