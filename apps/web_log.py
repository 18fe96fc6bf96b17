"""What the web app logs, in the data folder: Ray's own place for it is one that nobody finds."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from nntracker_ray.home import Home

NAME: Final = "web.log"
MOST_BYTES: Final = 2_000_000
KEPT: Final = 3  # older files
LOGGERS: Final = ("apps", "nntracker_ray")


def keep_web_log(home: Home) -> Path:
    """From now on keep our own warnings and errors in a file that only its owner can read. Returns the file."""
    home.create().logs.mkdir(mode=0o700, exist_ok=True)
    path = home.logs / NAME
    path.touch(mode=0o600)
    handler = RotatingFileHandler(path, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    return path
