"""The browser that shows the web app is the person's own: it outlives the platform that opened it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from apps.browser import open_in_browser

LINK = "http://127.0.0.1:1/welcome#secret"
PLATFORM = f"from apps.browser import open_in_browser as show; show({LINK!r}); print(flush=True); input()"
PATIENCE_S = 30.0


@pytest.fixture
def note(tmp_path, monkeypatch) -> Iterator[Path]:
    """Where a browser that was not open yet notes its number and its page; it stays as the process that was called."""
    script, note = tmp_path / "google-chrome", tmp_path / "started"
    script.write_text(f'#!/bin/sh\necho "$$ $1" > {note}.new; mv {note}.new {note}\nexec sleep 600\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("BROWSER", "google-chrome")
    monkeypatch.setenv("DISPLAY", ":99")
    yield note
    script.unlink()  # whoever opened it would open another when it ends early
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        psutil.Process(_started(note)[0]).kill()


def test_the_browser_outlives_the_platform_that_opened_it(note: Path):
    """Ending the platform ends all that it has started; every tab of the person would be gone with it."""
    with subprocess.Popen(
        [sys.executable, "-c", PLATFORM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as platform:
        platform.stdout.readline()
        family = psutil.Process(platform.pid).children(recursive=True)
        pid, shown = _await(note)
        family += psutil.Process(platform.pid).children(recursive=True)
        for one in [*family, platform]:
            one.kill()
        psutil.wait_procs(family)

    assert shown == LINK
    assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_the_link_is_in_no_argument_list_of_ours(monkeypatch):
    """The secret signs in whoever reads it; arguments are read by every user of the machine."""
    called = []
    monkeypatch.setattr(
        "apps.browser.subprocess.run", lambda command, **rest: called.append((command, rest["input"]))
    )

    open_in_browser(LINK)

    ((command, given),) = called
    assert given == LINK
    assert not any("secret" in word for word in command)


def _await(note: Path) -> tuple[int, str]:
    ends_at = time.monotonic() + PATIENCE_S
    while not note.exists():
        assert time.monotonic() < ends_at, "no browser was opened"
        time.sleep(0.1)
    return _started(note)


def _started(note: Path) -> tuple[int, str]:
    pid, _, shown = note.read_text().strip().partition(" ")
    return int(pid), shown
