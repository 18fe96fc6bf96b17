"""Where NNTracker keeps things on disk: one data folder per person, `NNTRACKER_HOME`; on a cluster one on each node."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

ENVIRONMENT_VARIABLE = "NNTRACKER_HOME"
NODE_VARIABLE = "NNTRACKER_NODE_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder and the places in it. Nothing is created until somebody writes."""

    root: Path

    @classmethod
    def default(cls) -> Home:
        """`NNTRACKER_HOME` if set, else the per-user data folder (for root: /var/lib/nntracker)."""
        if chosen := os.environ.get(ENVIRONMENT_VARIABLE):
            return cls(Path(chosen).expanduser().resolve())
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and the account it runs as cannot reach /root.
            return cls(Path("/var/lib/nntracker"))
        return cls(platformdirs.user_data_path("nntracker"))

    @classmethod
    def on_this_node(cls, named: Path) -> Home:
        """The data folder of a worker: `NNTRACKER_NODE_HOME` of its node if set, else the one named by the platform.

        It need not be on a common disk: what other nodes must find goes to `NNTRACKER_SHARED`.
        """
        return cls(Path(os.environ.get(NODE_VARIABLE) or named))

    @property
    def database(self) -> Path:
        """The embedded PostgreSQL: cluster, socket, password."""
        return self.root / "database"

    @property
    def datasets(self) -> Path:
        """Datasets by content digest."""
        return self.root / "datasets"

    @property
    def models(self) -> Path:
        """Model JSON by content digest."""
        return self.root / "models"

    @property
    def spool(self) -> Path:
        """What trainers have reported and the database has not yet acknowledged."""
        return self.root / "spool"

    @property
    def checkpoints(self) -> Path:
        """One folder per run, see `checkpoints.folder`."""
        return self.root / "checkpoints"

    @property
    def logs(self) -> Path:
        """Logs of the platform's own processes."""
        return self.root / "logs"

    @property
    def cache(self) -> Path:
        """What can be worked out again."""
        return self.root / "cache"

    @property
    def platform_file(self) -> Path:
        """Who runs the platform and where it answers; absent when it is down."""
        return self.root / "platform.json"

    @property
    def supervisor_file(self) -> Path:
        """The process that starts the platform again when it dies; absent when there is none."""
        return self.root / "supervisor.json"

    @property
    def ray_token(self) -> Path:
        """The token that Ray's own ports ask for, mode 0600."""
        return self.root / "ray_token"

    @property
    def web_secret(self) -> Path:
        """The key that signs page tokens, mode 0600."""
        return self.root / "web_secret"

    @property
    def api_token(self) -> Path:
        """The token by which this machine's command line and notebooks are let in, mode 0600; new at each start."""
        return self.root / "api_token"

    @property
    def login(self) -> Path:
        """A platform elsewhere and the token for it, as `nntracker login` keeps them, mode 0600."""
        return self.root / "login.json"

    def create(self) -> Home:
        """Make the folder, open to its owner alone. Returns itself."""
        # As root the database runs under another account, which must be able to pass through.
        self.root.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        return self
