"""Who runs the platform is known from a note; a dead process's note does not count."""

import subprocess
import sys

import psutil

from nntracker_ray.home import Home
from nntracker_ray.platform_file import (
    PlatformInfo,
    remove_platform_file,
    running_platform,
    write_platform_file,
)


def _note(pid: int, born_at: float) -> PlatformInfo:
    return PlatformInfo(
        pid=pid, born_at=born_at, ray_address=None, dashboard=None, web="http://127.0.0.1:8000"
    )


def test_the_note_of_a_living_process_is_found(tmp_path):
    """Commands join the platform that runs."""
    home = Home(tmp_path)
    note = PlatformInfo.of_this_process(ray_address=None, dashboard=None, web=None)

    write_platform_file(home, note)

    assert running_platform(home) == note


def test_the_note_of_a_dead_process_does_not_count(tmp_path):
    """A platform killed the hard way leaves its note; the next start must not refuse because of it."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    note = _note(child.pid, psutil.Process(child.pid).create_time())
    write_platform_file(Home(tmp_path), note)
    assert running_platform(Home(tmp_path)) == note

    child.kill()
    child.wait()

    assert running_platform(Home(tmp_path)) is None


def test_another_process_with_the_same_number_is_not_the_platform(tmp_path):
    """Process numbers are used again; the time of birth tells them apart."""
    write_platform_file(Home(tmp_path), _note(psutil.Process().pid, born_at=1.0))

    assert running_platform(Home(tmp_path)) is None


def test_a_torn_or_missing_note_means_no_platform(tmp_path):
    """Half a note must not stop anybody from starting."""
    home = Home(tmp_path)
    assert running_platform(home) is None

    home.platform_file.write_text('{"pid": 1')

    assert running_platform(home) is None
    remove_platform_file(home)
    remove_platform_file(home)
