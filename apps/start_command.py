"""`nntracker start` and `down`: the platform in the foreground or background, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil
from rich.console import Console
from rich.text import Text

from apps.browser import open_in_browser
from apps.platform import Platform, PlatformOptions
from nntracker_ray.errors import NNTrackerError, PlatformError
from nntracker_ray.example_files import offer_files
from nntracker_ray.home import Home
from nntracker_ray.platform_file import (
    START_TIMEOUT_S,
    PlatformInfo,
    remove_platform_file,
    running_platform,
    running_supervisor,
)
from nntracker_ray.storage import queries, writes
from nntracker_ray.submission import prepare, submit

EXAMPLE = Path(__file__).parents[1] / "examples" / "digits" / "experiment.json"
STOP_TIMEOUT_S = 90.0
LOOK_S = 0.5
EXIT_START_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the supervisor brings up a new platform


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a person is given at the start."""

    example: bool  # submit the example experiment if there is nothing yet
    browser: bool  # open one, where there is a display
    link: bool  # print a one-time link; not where the output goes to a log, for it signs in whoever reads it


def start_in_foreground(home: Home, options: PlatformOptions, welcome: Welcome) -> None:
    """Run the platform until Ctrl-C or `nntracker down`."""
    console = Console(stderr=True)
    with console.status("starting") as status:
        platform = Platform(home, options, report=status.update)
        platform.__enter__()
    try:
        ended = _until_signalled()
        _greet(platform, home, console, welcome)
        if welcome.example:
            _submit_example(platform, home, console)
        while not ended.wait(LOOK_S):
            if not platform.is_whole:
                leave_at_once(home)
    finally:
        with console.status("stopping") as status:
            platform.__exit__(None, None, None)
        console.print("stopped; everything is kept in", Text(str(home.root)))


def leave_at_once(home: Home) -> NoReturn:
    """End this process without a word to Ray, which is gone: to end in order would wait for it in vain."""
    remove_platform_file(home)
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(EXIT_START_AGAIN)


def _until_signalled() -> threading.Event:
    """An event set by Ctrl-C or SIGTERM; a second signal ends the process the hard way."""
    ended = threading.Event()

    def note(number: int, _frame: object) -> None:
        if ended.is_set():
            signal.signal(number, signal.SIG_DFL)
        ended.set()

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return ended


def _greet(platform: Platform, home: Home, console: Console, welcome: Welcome) -> None:
    if platform.info is None or platform.database is None:
        raise PlatformError("the platform did not start")
    lines = [f"NNTracker runs; data in {home.root}"]
    if platform.info.web:
        if welcome.link:
            from apps.api.sign_in import make_login_link

            link = make_login_link(platform.database, platform.info.web)
            lines.append(f"  open once to sign in: {link}")
            if welcome.browser and _has_display():
                open_in_browser(link)
        lines.append(f"  web app:              {platform.info.web}")
    if platform.info.dashboard:
        asks = f" (asks for the token in {platform.info.ray_token})" if platform.info.ray_token else ""
        lines.append(f"  Ray dashboard:        {platform.info.dashboard}{asks}")
    if not platform.takes_jobs:
        lines.append("  `ray job submit` is not available: another Ray on this machine uses port 52365")
    lines.append("  Ctrl-C or `nntracker down` ends it.")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _submit_example(platform: Platform, home: Home, console: Console) -> None:
    """Give a new data folder something to look at: a real grid on real digits."""
    database = platform.database
    if database is None or not EXAMPLE.exists():
        return
    with database.connection() as conn:
        owner_id = writes.ensure_local_account(conn)
        if queries.count_runs(conn, viewer_id=owner_id):
            return
    try:
        with console.status("submitting the example experiment") as status:
            prepared = prepare(EXAMPLE, home=home, owner_id=owner_id, report=status.update)
            submit(database, prepared, owner_id=owner_id)
            offer_files(database, home, prepared, owner_id=owner_id)
    except NNTrackerError as error:
        # The platform is up and useful without its example.
        console.print(Text(f"the example was not submitted: {error}", style="yellow"))
        return
    console.print(f"  The example experiment '{prepared.name}' trains now: {len(prepared.runs)} runs.")


def start_in_background(home: Home, arguments: list[str]) -> PlatformInfo:
    """Start the platform as a process of its own and wait until it answers.

    Raises: PlatformError: It ended or did not answer in time; the end of its log is in the message.
    """
    home.create()
    home.logs.mkdir(exist_ok=True, mode=0o700)
    log = home.logs / "platform.log"
    with log.open("a") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "apps.cli", "start", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if (info := running_platform(home)) is not None:
            return info
        if child.poll() is not None:
            break
        time.sleep(0.1)
    raise PlatformError(f"the platform did not start; the end of {log}:\n{_tail(log)}")


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def stop(home: Home) -> bool:
    """Ask the platform of this data folder to end, and wait. Returns: whether there was one.

    Raises: PlatformError: It is still there after a minute and a half.
    """
    # The supervisor hands the request on, and starts nothing any more.
    found = [note.pid for note in (running_supervisor(home), running_platform(home)) if note is not None]
    processes = [psutil.Process(pid) for pid in found]
    for process in processes[:1]:
        process.terminate()
    _, left = psutil.wait_procs(processes, timeout=STOP_TIMEOUT_S)
    if left:
        raise PlatformError(
            f"process {left[-1].pid} did not end within {STOP_TIMEOUT_S:.0f} s; "
            f"see {home.logs}, or end it with `kill -9 {left[-1].pid}`: nothing that was recorded is lost"
        )
    return bool(found)
