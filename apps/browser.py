"""Opens the person's browser so that it is theirs, and not a child of the platform that ends with it.

`python -m apps.browser` is the process between the two: it reads the link from its input and is gone at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser


def open_in_browser(link: str) -> None:
    """Show a page; without a browser nothing happens.

    What a platform has started is ended with it, with everything below, and a browser that was not open yet stays
    below whoever called it. So the caller is a process that nobody is the parent of.

    Args:
        link: Handed over as input: it may hold a secret, and arguments can be read by every user of the machine.
    """
    command = [sys.executable, "-m", "apps.browser"]
    quiet = subprocess.DEVNULL
    subprocess.run(
        command, input=link, text=True, stdout=quiet, stderr=quiet, start_new_session=True, check=False
    )


def _open_as_an_orphan(link: str) -> None:
    if os.fork() == 0:
        webbrowser.open(link)  # waits for a while, or as long as the browser is open


if __name__ == "__main__":
    _open_as_an_orphan(sys.stdin.read())
